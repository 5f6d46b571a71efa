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
	return overlay.Compare(c, c.Root())
}

// Prepare is part of Driver. A copy that was interrupted has another name, and is made
// again.
func (vfsDriver) Prepare(c overlay.Config) error {
	if _, err := os.Lstat(c.Root()); err == nil {
		return nil
	}
	draft := filepath.Join(c.Dir, "copying")
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	for i, layer := range c.Layers {
		apply := pour
		if i == 0 {
			apply = tree.Copy
		}
		if err := apply(layer, draft); err != nil {
			return errors.Join(err, os.RemoveAll(draft))
		}
	}
	for _, place := range []string{"dev", "proc", "sys"} {
		if err := os.Mkdir(filepath.Join(draft, place), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return os.Rename(draft, c.Root())
}

// pour puts a layer over what is in dst, as overlayfs would show the two.
func pour(layer, dst string) error {
	opaque, err := overlay.IsOpaque(layer)
	if err != nil {
		return err
	}
	if opaque {
		if err := empty(dst); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(layer)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := pourEntry(filepath.Join(layer, entry.Name()), filepath.Join(dst, entry.Name())); err != nil {
			return err
		}
	}
	return tree.Attributes(layer, dst)
}

func pourEntry(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	under, err := os.Lstat(to)
	switch {
	case err == nil && info.IsDir() && under.IsDir():
		return pour(from, to)
	case err == nil:
		if err := os.RemoveAll(to); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if overlay.IsWhiteout(info) {
		return nil
	}
	if !info.IsDir() {
		return tree.Copy(from, to)
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	return pour(from, to)
}

// empty removes what is in a directory.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, entry.Name())))
	}
	return err
}
