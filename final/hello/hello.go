// Package hello is the image hello-drydock, which drydock carries in itself.
//
// The problem: whoever tries drydock for the first time may have no network and no image, and is to see that it works,
// and what a container takes.
//
// An image is a layer and a config, and a layer is a tar file. All three are made here when they are first wanted: of one
// program, which has a text to write and then ends. It is a hundred bytes of ELF around two system calls (elf.go), since the
// smallest of Go's would be larger than all of the rest: decision 32.
//
// In a shell: tar -cf layer.tar hello; sha256sum layer.tar; drydock image inspect hello-drydock.
//
// To read: elf(5); the OCI image specification, layer.md and config.md.
package hello

import (
	"archive/tar"
	"bytes"
	"runtime"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
)

// Name is what the image is called.
const Name = "hello-drydock:latest"

// Text is what the program says.
const Text = `
Hello from Drydock!

A container has run, and this is all that its program had to say. For that, drydock has

 1. taken the image hello-drydock, which it carries in itself: one layer, with the one file
    /hello, which makes two system calls;
 2. unpacked the layer into a directory, and mounted an overlay: the layer below, and above it
    a directory for what the container changes (stages 3 and 4);
 3. started a process in a cgroup and in namespaces of its own: it has its own processes,
    mounts, host name and network (stages 1 and 2);
 4. plugged a cable from the bridge docker0 into that network (stage 6);
 5. had that process become /hello, and passed on to you what it wrote.

No daemon was asked: the process that did so has ended with the container.

To see every step, and the command that does the same:
    drydock run --rm --explain hello-drydock
To find the code and the kernel's part behind a flag:
    drydock where --memory
To have a look around, with an image of your own or from a registry:
    drydock run -it --rm debian bash

`

// Add adds the image to a store, for the kind of processor that this is.
func Add(s *image.Store) error {
	held, err := s.Hold()
	if err != nil {
		return err
	}
	defer held.Close()
	tape, err := tapeOf(Program(runtime.GOARCH, Text))
	if err != nil {
		return err
	}
	layer, err := s.Put(ocispec.MediaTypeImageLayer, bytes.NewReader(tape), "")
	if err != nil {
		return err
	}
	at := made
	config := ocispec.Image{
		Created:  &at,
		Platform: ocispec.Platform{OS: "linux", Architecture: runtime.GOARCH},
		Config:   ocispec.ImageConfig{Cmd: []string{"/hello"}, WorkingDir: "/"},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromBytes(tape)}},
		History:  []ocispec.History{{Created: &at, CreatedBy: "drydock", Comment: "package final/hello"}},
	}
	_, err = s.Add(config, []ocispec.Descriptor{layer}, Name)
	return err
}

// made is when the image was made: it has the same id wherever it is.
var made = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

// tapeOf is the layer: a tar file with the program.
func tapeOf(program []byte) ([]byte, error) {
	var tape bytes.Buffer
	w := tar.NewWriter(&tape)
	header := &tar.Header{Name: "hello", Mode: 0o755, Size: int64(len(program)), ModTime: made, Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
	if err := w.WriteHeader(header); err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	err := w.Close()
	return tape.Bytes(), err
}
