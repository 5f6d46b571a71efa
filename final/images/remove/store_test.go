package remove

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

func open(t testing.TB, root string) *image.Store {
	t.Helper()
	s, err := image.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// add makes an image of layers, each of which has its content in the only file, unpacks it, and
// gives it names. It may be listed without one: "".
func add(t testing.TB, s *image.Store, layers []string, names ...string) image.Image {
	t.Helper()
	img, err := addTo(s, layers, names...)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func addTo(s *image.Store, layers []string, names ...string) (img image.Image, err error) {
	held, err := s.Hold()
	if err != nil {
		return img, err
	}
	defer held.Close()
	created := time.Unix(1e9, 0).UTC()
	config := ocispec.Image{Created: &created, RootFS: ocispec.RootFS{Type: "layers"}}
	config.Config.Labels = map[string]string{"top": layers[len(layers)-1]}
	var blobs []ocispec.Descriptor
	for _, content := range layers {
		var file bytes.Buffer
		tape := tar.NewWriter(&file)
		if err := tape.WriteHeader(&tar.Header{Name: "file", Mode: 0o600, Size: int64(len(content))}); err != nil {
			return img, err
		}
		if _, err := io.WriteString(tape, content); err != nil {
			return img, err
		}
		if err := tape.Close(); err != nil {
			return img, err
		}
		blob, err := s.Put(ocispec.MediaTypeImageLayer, &file, "")
		if err != nil {
			return img, err
		}
		blobs, config.RootFS.DiffIDs = append(blobs, blob), append(config.RootFS.DiffIDs, blob.Digest)
	}
	for _, name := range names {
		if img, err = s.Add(config, blobs, name); err != nil {
			return img, err
		}
	}
	_, err = s.Unpack(img, apply)
	return img, err
}

const layerFiles = 20

// apply writes the whole tar file to a file: that is enough to tell layers apart. There are others,
// so that a layer cannot be deleted at once.
func apply(blob io.Reader, dir string) (digest.Digest, error) {
	text, err := io.ReadAll(blob)
	for i := range layerFiles {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), text, 0o600))
	}
	return digest.FromBytes(text), err
}

// diff is of all files.
func diff(dir string) (digest.Digest, error) {
	hash := digest.Canonical.Digester()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		fmt.Fprintf(hash.Hash(), "%s %s\n", name, text)
		return err
	})
	return hash.Digest(), err
}

// onDiskAre are all blobs and unpacked layers, sorted: blob and layer with their names.
func onDiskAre(t testing.TB, s *image.Store) (names []string) {
	t.Helper()
	for what, dir := range map[string]string{"blob ": filepath.Join(s.Dir, "blobs/sha256"), "layer ": s.Layers} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, what+entry.Name())
		}
	}
	slices.Sort(names)
	return names
}

// of are all that some images consist of, as onDiskAre has it.
func of(all ...image.Image) (names []string) {
	for _, img := range all {
		for _, blob := range img.Blobs() {
			names = append(names, "blob "+blob.Digest.Encoded())
		}
		names = append(names, layersOf(img)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// layersOf are what an image unpacks to, as onDiskAre has it.
func layersOf(img image.Image) (names []string) {
	for _, layer := range img.ChainIDs() {
		names = append(names, "layer "+layer.Encoded())
	}
	slices.Sort(names)
	return names
}

// by are the containers that use images.
func by(users ...catalog.User) catalog.Users {
	return func() ([]catalog.User, error) { return users, nil }
}
