package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"drydock/internal/tree"
	"drydock/stage3-unionfs/overlay"
)

// vfsDriver copies the layers, one over the other, into the container's folder.
type vfsDriver struct{}

// Name is part of Driver.
func (vfsDriver) Name() string { return "vfs" }

// Root is part of Driver.
func (vfsDriver) Root(c overlay.Config) string { return c.Root() }

// Mount is part of Driver: the copy is there already.
func (vfsDriver) Mount(overlay.Config) error { return nil }

// Changes is part of Driver.
func (vfsDriver) Changes(c overlay.Config) ([]overlay.Change, error) {
	c.Layers = append([]string{places(c)}, c.Layers...)
	return overlay.Compare(c, c.Root())
}

// places is a layer with the directories that are mounted on, if the others lack them.
func places(c overlay.Config) string { return filepath.Join(c.Dir, "places") }

// Prepare is part of Driver. A copy that was interrupted has another name, and is made
// again.
func (vfsDriver) Prepare(c overlay.Config) error {
	if _, err := os.Lstat(c.Root()); err == nil {
		return nil
	}
	for _, name := range []string{"dev", "proc", "sys"} {
		if err := os.MkdirAll(filepath.Join(places(c), name), 0o755); err != nil {
			return err
		}
	}
	draft := filepath.Join(c.Dir, "copying")
	if err := errors.Join(os.RemoveAll(draft), os.Mkdir(draft, 0o755)); err != nil {
		return err
	}
	// The places lie below all: of what a layer has itself nothing is hidden.
	for _, layer := range append([]string{places(c)}, c.Layers...) {
		if err := (&pourer{}).pour(layer, draft); err != nil {
			return errors.Join(err, os.RemoveAll(draft))
		}
	}
	return os.Rename(draft, c.Root())
}

// A pourer puts one layer over what is there, as overlayfs would show the two.
type pourer struct{ tree.Copier }

// pour puts a directory of the layer over one that is there.
func (p *pourer) pour(layer, dst string) error {
	entries, err := os.ReadDir(layer)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := p.entry(filepath.Join(layer, entry.Name()), filepath.Join(dst, entry.Name())); err != nil {
			return err
		}
	}
	return tree.Attributes(layer, dst)
}

func (p *pourer) entry(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	opaque := false
	if info.IsDir() {
		if opaque, err = overlay.IsOpaque(from); err != nil {
			return err
		}
	}
	under, err := os.Lstat(to)
	merged := err == nil && info.IsDir() && under.IsDir() && !opaque
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !merged {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	}
	switch {
	case overlay.IsWhiteout(info):
		return nil
	case !info.IsDir():
		return p.Copy(from, to)
	case !merged:
		if err := os.Mkdir(to, 0o700); err != nil {
			return err
		}
	}
	return p.pour(from, to)
}
