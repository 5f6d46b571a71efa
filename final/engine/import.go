package engine

import (
	"archive/tar"
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/change"
	"drydock/stage4-images/layer"
)

// An Import is how an image is made of a tar file.
type Import struct {
	Name     string // as the store has it, or none
	From     string // where the file is from, as the history tells
	Message  string
	Changes  []string // instructions of a Dockerfile
	Platform string   // os/architecture[/variant]; ours if empty
}

// Import makes an image of one layer of a tar file with a root directory, compressed or not, and returns its id.
func (e *Engine) Import(in io.Reader, how Import) (id digest.Digest, err error) {
	now := time.Now().UTC()
	var d document
	if d.Platform, err = platform(how.Platform); err != nil {
		return "", err
	}
	if err := change.Apply(&d.Config, how.Changes); err != nil {
		return "", err
	}
	held, err := e.Images.Hold()
	if err != nil {
		return "", err
	}
	defer held.Close()
	blob, diffID, err := e.putTar(in)
	if err != nil {
		return "", fmt.Errorf("import: %w", err)
	}
	d.Created = &now
	d.RootFS = ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diffID}}
	d.History = []ocispec.History{{Created: &now, Comment: cmp.Or(how.Message, "Imported from "+how.From)}}
	if id, err = e.addImage(d, []ocispec.Descriptor{blob}, how.Name); err == nil {
		e.Tell("image", "import", id.String(), map[string]string{"name": cmp.Or(how.Name, id.String())})
	}
	return id, err
}

// platform reads what an image is for.
func platform(text string) (p ocispec.Platform, err error) {
	p = ocispec.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
	if text == "" {
		return p, nil
	}
	words := strings.Split(text, "/")
	if len(words) < 2 || len(words) > 3 || strings.Contains("/"+text+"/", "//") {
		return p, fmt.Errorf("%q is not a platform: give os/architecture, such as linux/arm64", text)
	}
	p.OS, p.Architecture = words[0], words[1]
	if len(words) == 3 {
		p.Variant = words[2]
	}
	return p, nil
}

// putTar stores a tar file, compressed or not, as a layer.
func (e *Engine) putTar(in io.Reader) (blob ocispec.Descriptor, diffID digest.Digest, err error) {
	reader, writer := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		var err error
		diffID, err = recompress(in, writer)
		writer.CloseWithError(err)
	}()
	blob, err = e.Images.Put(ocispec.MediaTypeImageLayerGzip, reader, "")
	reader.CloseWithError(err) // if nobody reads on, the writer is to end too
	if err != nil {
		return blob, "", err
	}
	<-done
	return blob, diffID, nil
}

// recompress writes a tar file compressed as we do, and returns the digest of what it is without that.
func recompress(in io.Reader, w io.Writer) (digest.Digest, error) {
	plain, err := layer.Open(in)
	if err != nil {
		return "", err
	}
	defer plain.Close()
	hash, out := digest.Canonical.Digester(), layer.Compress(w)
	var end zeros
	copied := io.TeeReader(plain, io.MultiWriter(out, hash.Hash(), &end))
	for entries := tar.NewReader(copied); err == nil; {
		_, err = entries.Next()
	}
	switch {
	case !errors.Is(err, io.EOF):
		return "", fmt.Errorf("it is no tar file: %w", err)
	case end < 1024:
		return "", errors.New("the tar file has no end: it was cut off")
	}
	_, err = io.Copy(io.Discard, copied) // what follows the end belongs to it
	return hash.Digest(), errors.Join(err, out.Close())
}

// zeros counts the zeros at the end of what is written: a tar file ends with 1024, or more.
type zeros int

// Write is part of io.Writer.
func (z *zeros) Write(data []byte) (int, error) {
	last := len(data)
	for last > 0 && data[last-1] == 0 {
		last--
	}
	if last > 0 {
		*z = 0
	}
	*z += zeros(len(data) - last)
	return len(data), nil
}
