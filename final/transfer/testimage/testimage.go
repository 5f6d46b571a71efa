// Package testimage makes images for tests that need no root: their layers are any text.
package testimage

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/platform"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// Store opens a store in a folder, or in one that ends with the test if root is "".
func Store(t testing.TB, root string) *image.Store {
	t.Helper()
	if root == "" {
		root = t.TempDir()
	}
	s, err := image.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Here is the platform of this machine.
func Here() ocispec.Platform {
	p := platform.Here()
	return ocispec.Platform{OS: p.OS, Architecture: p.Architecture, Variant: p.Variant}
}

// Add makes an image of layers, each of which is its content, for this machine.
func Add(t testing.TB, s *image.Store, name string, layers ...string) image.Image {
	t.Helper()
	return AddFor(t, s, Here(), name, layers...)
}

// AddFor is Add for another machine.
func AddFor(t testing.TB, s *image.Store, on ocispec.Platform, name string, layers ...string) image.Image {
	t.Helper()
	config := ocispec.Image{Platform: on, RootFS: ocispec.RootFS{Type: "layers"}}
	var blobs []ocispec.Descriptor
	for _, layer := range layers {
		desc, err := s.Put(ocispec.MediaTypeImageLayer, strings.NewReader(layer), "")
		if err != nil {
			t.Fatal(err)
		}
		blobs, config.RootFS.DiffIDs = append(blobs, desc), append(config.RootFS.DiffIDs, desc.Digest)
	}
	img, err := s.Add(config, blobs, name)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Apply unpacks such a layer, compressed or not: to one file.
func Apply(blob io.Reader, dir string) (digest.Digest, error) {
	plain, err := layer.Open(blob)
	if err != nil {
		return "", err
	}
	defer plain.Close()
	text, err := io.ReadAll(plain)
	return digest.FromBytes(text), errors.Join(err, os.WriteFile(filepath.Join(dir, "file"), text, 0o600))
}

// Diff is the digest of that file.
func Diff(dir string) (digest.Digest, error) {
	text, err := os.ReadFile(filepath.Join(dir, "file"))
	return digest.FromBytes(text), err
}

// Left are what a store has in folders, without locks.
func Left(t testing.TB, s *image.Store, dirs ...string) (names []string) {
	t.Helper()
	for _, dir := range dirs {
		files, err := os.ReadDir(filepath.Join(filepath.Dir(s.Dir), dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := file.Name(); !strings.HasSuffix(name, "lock") && !strings.HasSuffix(name, ".blob") {
				names = append(names, name)
			}
		}
	}
	return names
}
