// Package storage makes a container's root directory of layers on hosts where overlayfs
// cannot.
//
// Stage 3's overlay is the driver of choice, and does all the work where it can be mounted.
// It cannot where the state root is on an overlay itself, as inside another container. There
// the driver vfs makes a whole
// copy of the layers for each container, which shares its blocks with them on file systems
// that can (btrfs, xfs).
package storage

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"drydock/internal/alone"
	"drydock/stage3-unionfs/overlay"
)

// A Driver makes one root directory of a container's layers.
type Driver interface {
	// Name is what --storage-driver calls it.
	Name() string
	// Prepare makes what is needed on disk, once or again, in the container's folder.
	Prepare(c overlay.Config) error
	// Mount is called by init in its own mount namespace. Root is whole afterwards.
	Mount(c overlay.Config) error
	// Root is the container's root directory.
	Root(c overlay.Config) string
	// Changes are what the container has changed, as docker diff has them.
	Changes(c overlay.Config) ([]overlay.Change, error)
}

// drivers are those that there are, the best first.
var drivers = []Driver{overlayDriver{}, vfsDriver{}}

// Choose returns the driver called name, or if name is empty, the best that works below
// the state root. It says on warnings when that is not the first.
func Choose(name, root string, warnings io.Writer) (Driver, error) {
	if name == "" {
		err := probe(root)
		if err == nil {
			return overlayDriver{}, nil
		}
		fmt.Fprintf(warnings, "overlayfs cannot be used below %s, so every container gets a whole copy of its image (--storage-driver vfs): %v\n", root, err)
		return vfsDriver{}, nil
	}
	for _, driver := range drivers {
		if driver.Name() == name {
			return driver, nil
		}
	}
	return nil, fmt.Errorf("there is no storage driver %q: choose from overlay, vfs", name)
}

// probe mounts an overlay below root, where nobody sees it, and lets go of it again.
func probe(root string) error {
	dir, err := os.MkdirTemp(root, "probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	layer := filepath.Join(dir, "layer")
	if err := os.Mkdir(layer, 0o700); err != nil {
		return err
	}
	c := overlay.Config{Dir: dir, Layers: []string{layer}}
	if err := overlay.Prepare(c); err != nil {
		return err
	}
	return alone.Call(func() error { return overlay.Mount(c) })
}

// overlayDriver is stage 3.
type overlayDriver struct{}

func (overlayDriver) Name() string                   { return "overlay" }
func (overlayDriver) Prepare(c overlay.Config) error { return overlay.Prepare(c) }
func (overlayDriver) Mount(c overlay.Config) error   { return overlay.Mount(c) }
func (overlayDriver) Root(c overlay.Config) string   { return c.Root() }

func (overlayDriver) Changes(c overlay.Config) ([]overlay.Change, error) { return overlay.Changes(c) }
