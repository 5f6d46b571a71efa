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
	"drydock/stage4-images/blob"
)

// Apply unpacks a layer into an empty directory, and returns the digest of its tar file.
type Apply func(blob io.Reader, dir string) (diffID digest.Digest, err error)

// Unpack returns the directories of an image's layers, bottom first, and unpacks those that
// are missing. If that fails, the layers below stay. Two that need the same layer unpack it
// once.
func (s *Store) Unpack(img Image, apply Apply) (dirs []string, err error) {
	layers, err := s.UnpackFrom(s.Layout, img, s.Layers, apply)
	for _, layer := range layers {
		dirs = append(dirs, layer.Dir)
	}
	return dirs, err
}

// An Unpacked is the directory of a layer.
type Unpacked struct {
	Dir   string
	IsNew bool // and so its blob has been compared with its diff id
}

// UnpackFrom is Unpack of an image whose blobs are in a layout, which may not be ours. What the
// store does not have is unpacked to a folder: there others see it only if it is the store's.
func (s *Store) UnpackFrom(l blob.Layout, img Image, to string, apply Apply) (layers []Unpacked, err error) {
	held, err := s.Hold()
	if err != nil {
		return nil, err
	}
	defer held.Close()
	below := ""
	for i, chain := range img.ChainIDs() {
		layer, diffID := img.Manifest.Layers[i], img.Config.RootFS.DiffIDs[i]
		unpacked, err := s.unpack(chain.Encoded(), to, func(draft string) error { return unpackTo(draft, below, l, layer, diffID, apply) })
		if err != nil {
			return nil, fmt.Errorf("unpack layer %s: %w", layer.Digest, err)
		}
		layers, below = append(layers, unpacked), unpacked.Dir
	}
	return layers, nil
}

// unpack finds a layer in the store or in a folder, or has it appear there.
func (s *Store) unpack(name, to string, fill func(draft string) error) (u Unpacked, err error) {
	isThere := func() bool {
		for _, dir := range []string{to, s.Layers} {
			u.Dir = filepath.Join(dir, name)
			if _, err := os.Stat(u.Dir); err == nil {
				return true
			}
		}
		return false
	}
	if isThere() {
		return u, nil
	}
	lock, err := s.Lock(name+".lock", unix.LOCK_EX)
	if err != nil {
		return u, err
	}
	defer lock.Close()
	if isThere() { // whoever had the lock before has done it
		return u, nil
	}
	u = Unpacked{filepath.Join(to, name), true}
	draft := filepath.Join(s.Drafts, name)
	err = fill(draft)
	if err == nil && to == s.Layers {
		err = blob.FlushAll(draft) // what is seen is whole, even after a power cut
	}
	if err == nil {
		err = os.Rename(draft, u.Dir)
	}
	if err != nil {
		return u, errors.Join(err, os.RemoveAll(draft))
	}
	return u, nil
}

// unpackTo unpacks a layer into a folder that is made anew, and verifies blob and tar file. The
// topmost layer's folder is what a container sees as "/": so unless the layer says how "/" is
// to be, it is as in the layer below.
func unpackTo(dir, below string, l blob.Layout, layer ocispec.Descriptor, diffID digest.Digest, apply Apply) error {
	content, err := l.Blob(layer.Digest)
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
	err = unpackTo(again, below, s.Layout, img.Manifest.Layers[i], img.Config.RootFS.DiffIDs[i], apply)
	want, wantErr := diff(again)
	got, gotErr := diff(dir)
	err = errors.Join(err, wantErr, gotErr, os.RemoveAll(again))
	if err == nil && got != want {
		err = errors.New("is not what its blob unpacks to: remove that folder")
	}
	return err
}
