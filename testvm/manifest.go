package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Manifest says what a guest file was made of. It holds no date: two builds
// from the same packages are the same bytes.
type Manifest struct {
	Recipe   string    // see recipe
	Suite    string    // Debian's release: bookworm, trixie
	Arch     string    // as Debian and Go call it: amd64, arm64
	Kernel   string    // as uname -r prints it
	Packages []Package // what the kernel and the programs were taken from
}

// The members of a guest file, a plain tar, in this order: the manifest first,
// so that reading it is quick.
const (
	manifestMember = "manifest.json"
	kernelMember   = "kernel"
	initrdMember   = "initramfs.cpio"
)

// writeGuest writes a guest file, whole or not at all.
func writeGuest(file string, manifest Manifest, kernel []byte, system Tree) error {
	var initrd bytes.Buffer
	if err := writeCPIO(&initrd, system); err != nil {
		return err
	}
	description, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(file), ".guest-")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // gone already if all went well
	defer out.Close()           // an error shows in the Close below
	archive := tar.NewWriter(out)
	for _, member := range []struct {
		name string
		data []byte
	}{{manifestMember, description}, {kernelMember, kernel}, {initrdMember, initrd.Bytes()}} {
		header := tar.Header{Name: member.name, Mode: 0o644, Size: int64(len(member.data))}
		if err := archive.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := archive.Write(member.data); err != nil {
			return err
		}
	}
	if err := errors.Join(archive.Close(), out.Chmod(0o644), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), file)
}

// readManifest reads the manifest of a guest file.
func readManifest(file string) (Manifest, error) {
	var manifest Manifest
	in, err := os.Open(file)
	if err != nil {
		return manifest, err
	}
	defer in.Close()
	archive := tar.NewReader(in)
	header, err := archive.Next()
	if err != nil || header.Name != manifestMember {
		return manifest, fmt.Errorf("%s is not a guest file: make one with `make guest`", file)
	}
	if err := json.NewDecoder(archive).Decode(&manifest); err != nil {
		return manifest, fmt.Errorf("read the manifest of %s: %w", file, err)
	}
	return manifest, nil
}

// extract copies a member of a guest file to w.
func extract(file, member string, w io.Writer) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	archive := tar.NewReader(in)
	for {
		header, err := archive.Next()
		if err != nil {
			return fmt.Errorf("take %s out of %s: %w", member, file, err)
		}
		if header.Name == member {
			_, err := io.Copy(w, archive)
			return err
		}
	}
}
