package image

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/internal/tree"
)

// Apply unpacks a layer into an empty directory, and returns the digest of its tar file.
type Apply func(blob io.Reader, dir string) (diffID digest.Digest, err error)

// Unpack returns the directories of an image's layers, bottom first, and unpacks those that
// are missing. If that fails, the layers below stay. Two that need the same layer unpack it
// once. A layer is not flushed: after a power cut, Fsck says which are damaged.
func (s *Store) Unpack(img Image, apply Apply) (dirs []string, err error) {
	held, err := s.Hold()
	if err != nil {
		return nil, err
	}
	defer held.Close()
	for i, chain := range img.ChainIDs() {
		dir, below := filepath.Join(s.Layers, chain.Encoded()), ""
		if i > 0 {
			below = dirs[i-1]
		}
		if err := s.unpack(img, i, dir, below, apply); err != nil {
			return nil, fmt.Errorf("unpack layer %s: %w", img.Manifest.Layers[i].Digest, err)
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

// unpack has a layer appear in dir, unless it is there.
func (s *Store) unpack(img Image, i int, dir, below string, apply Apply) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	lock, err := s.Lock(filepath.Base(dir)+".lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	if _, err := os.Stat(dir); err == nil {
		return nil // whoever had the lock before has done it
	}
	draft := filepath.Join(s.Drafts, filepath.Base(dir))
	err = s.unpackTo(draft, below, img.Manifest.Layers[i], img.Config.RootFS.DiffIDs[i], apply)
	if err == nil {
		err = os.Rename(draft, dir)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(draft))
	}
	return nil
}

// unpackTo unpacks a layer into a folder that is made anew, and verifies blob and tar file. The
// topmost layer's folder is what a container sees as "/": so unless the layer says how "/" is
// to be, it is as in the layer below.
func (s *Store) unpackTo(dir, below string, layer ocispec.Descriptor, diffID digest.Digest, apply Apply) error {
	content, err := s.Blob(layer.Digest)
	if err != nil {
		return err
	}
	defer content.Close()
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755), os.Chmod(dir, 0o755)); err != nil { // whatever the umask: it may become "/"
		return err
	}
	if below == "" {
		err = os.Chtimes(dir, time.Unix(0, 0), time.Unix(0, 0)) // always the same
	} else {
		err = tree.Attributes(below, dir)
	}
	if err != nil {
		return err
	}
	got, err := apply(content, dir)
	if err == nil {
		_, err = io.Copy(io.Discard, content) // to the end, where the digest is compared
	}
	if err == nil && got != diffID {
		err = fmt.Errorf("its tar file has the digest %s, and the image's config says %s", got, diffID)
	}
	return err
}

// Fsck reads all blobs and looks for what images lack. Each of their unpacked layers is
// compared, by diff, with the same unpacked again: the tar file itself cannot be made again of
// the files, as others write tar files in other ways.
func (s *Store) Fsck(apply Apply, diff func(dir string) (digest.Digest, error)) (problems []error) {
	note := func(what string, err error) {
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", what, err))
		}
	}
	blobs, err := os.ReadDir(filepath.Join(s.Dir, ocispec.ImageBlobsDir, "sha256"))
	note("blobs", err)
	for _, file := range blobs {
		content, err := s.Blob(digest.Digest("sha256:" + file.Name()))
		if err == nil {
			_, err = io.Copy(io.Discard, content)
			content.Close()
		}
		note("blobs", err)
	}
	index, err := s.index()
	note("images", err)
	known := map[string]func(dir string) error{} // by chain id, how to check it
	for _, e := range index.Manifests {
		img, err := Read(s.Layout, e, true)
		note("image "+cmp.Or(NameOf(e), e.Digest.String()), err)
		if err != nil {
			continue
		}
		for i, chain := range img.ChainIDs() {
			known[chain.Encoded()] = func(dir string) error { return s.compare(img, i, dir, apply, diff) }
		}
	}
	layers, err := os.ReadDir(s.Layers)
	note("layers", err)
	for _, layer := range layers {
		if check := known[layer.Name()]; check != nil { // or its image is gone, or has been noted
			note("layer "+layer.Name(), check(filepath.Join(s.Layers, layer.Name())))
		}
	}
	return problems
}

// compare compares a folder with what layer i of an image unpacks to.
func (s *Store) compare(img Image, i int, dir string, apply Apply, diff func(dir string) (digest.Digest, error)) error {
	held, err := s.Hold()
	if err != nil {
		return err
	}
	defer held.Close()
	again, err := os.MkdirTemp(s.Drafts, "")
	if err != nil {
		return err
	}
	below := ""
	if i > 0 {
		below = filepath.Join(s.Layers, img.ChainIDs()[i-1].Encoded())
	}
	err = s.unpackTo(again, below, img.Manifest.Layers[i], img.Config.RootFS.DiffIDs[i], apply)
	want, wantErr := diff(again)
	got, gotErr := diff(dir)
	err = errors.Join(err, wantErr, gotErr, os.RemoveAll(again))
	if err == nil && got != want {
		err = errors.New("is not what its blob unpacks to: remove that folder")
	}
	return err
}
