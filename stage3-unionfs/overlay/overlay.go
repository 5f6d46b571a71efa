// Package overlay gives a container a root directory made of layers that are only read,
// under one that takes all its changes.
//
// The problem: a hundred containers are to start from the same files, each is to change
// them, and none is to see the changes of another. A hundred copies would take minutes
// and disks.
//
// The kernel feature: overlayfs shows several directories as one. A name is looked up in
// the upper directory, then in the lower ones, from the top down. To write to a file of a
// lower layer first copies it up. To delete one puts a mark in the upper directory, a
// whiteout, under which nothing below is seen:
//
//	mount -t overlay -o lowerdir=top:bottom,upperdir=upper,workdir=work overlay merged
//
// What the container has changed is then just what is in the upper directory, which
// Changes reads.
//
// To read: Documentation/filesystems/overlayfs.rst, mount(8), xattr(7).
package overlay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/internal/flags"
	"drydock/internal/kernel"
	"drydock/internal/tree"
)

// Config is a stack of layers and the place for what changes.
type Config struct {
	Dir    string   // a folder of the container's own, where all of the following lies
	Layers []string // what is only read: directories, bottom first
}

// Upper is the directory that takes the changes.
func (c Config) Upper() string { return filepath.Join(c.Dir, "upper") }

// The other folders in Dir.
func (c Config) work() string   { return filepath.Join(c.Dir, "work") }   // the kernel's own
func (c Config) links() string  { return filepath.Join(c.Dir, "l") }      // a short name for each layer
func (c Config) places() string { return filepath.Join(c.Dir, "places") } // a layer for what is mounted on

// Root is where the layers are seen as one, once Mount has been called: for whoever is in
// the mount namespace in which it was.
func (c Config) Root() string { return filepath.Join(c.Dir, "merged") }

// Flags are the flags that fill a Config.
func Flags(c *Config) []flags.Flag {
	return []flags.Flag{
		{Name: "layer", Value: flags.List{To: &c.Layers}, Usage: "a further `DIRECTORY` to see on top of ROOTFS, only read"},
	}
}

// maxLayers is OVL_MAX_STACK of the kernel: so many lower directories one mount takes.
const maxLayers = 500

// Complete makes the layers' paths absolute and free of links, and refuses what cannot be a
// layer.
func (c *Config) Complete() error {
	for i, layer := range c.Layers {
		real, err := filepath.EvalSymlinks(layer)
		if err != nil {
			return fmt.Errorf("layer %s: %w", layer, errors.Unwrap(err))
		}
		info, err := os.Stat(real)
		switch {
		case err != nil:
			return fmt.Errorf("layer %s: %w", layer, errors.Unwrap(err))
		case !info.IsDir():
			return fmt.Errorf("layer %s is a file: unpack it into a directory first", layer)
		}
		if c.Layers[i], err = filepath.Abs(real); err != nil {
			return err
		}
		if slices.Contains(c.Layers[:i], c.Layers[i]) {
			return fmt.Errorf("layer %s is given twice: leave one out", layer)
		}
	}
	if len(c.Layers) > maxLayers {
		return fmt.Errorf("%d layers are more than overlayfs takes, which is %d: copy some of them together", len(c.Layers), maxLayers)
	}
	return nil
}

// Prepare makes the folders in c.Dir, which must be there. Nothing is mounted yet. What an
// earlier start of the container has made stays.
func Prepare(c Config) error {
	if err := c.makeUpper(); err != nil {
		return err
	}
	for _, dir := range []string{c.work(), c.Root(), c.links()} {
		err := kernel.Mkdir("the parts of an overlay lie in one folder", dir, 0o755)
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	layers, err := c.withPlaces()
	if err != nil {
		return err
	}
	for i, layer := range layers {
		link := filepath.Join(c.links(), shortName(i))
		err := kernel.Symlink("a short name, as all layers have to fit into 4096 bytes of options", layer, link)
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
	}
	return nil
}

// makeUpper makes the upper directory. It is what the container sees as "/", so it looks
// like the "/" of the topmost layer; and it is not there before it does.
func (c Config) makeUpper() error {
	if _, err := os.Lstat(c.Upper()); err == nil {
		return nil
	}
	draft := c.Upper() + ".new"
	err := kernel.Mkdir("here goes what the container changes", draft, 0o755)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	if err := tree.Attributes(c.Layers[len(c.Layers)-1], draft); err != nil {
		return err
	}
	return kernel.Rename("and looks like the root of the topmost layer", draft, c.Upper())
}

// withPlaces returns the layers, bottom first. A root directory may lack the places for
// /proc, /sys and /dev: then a layer on top has them, so that making them is no change of
// the container's.
func (c Config) withPlaces() ([]string, error) {
	var missing []string
	for _, name := range []string{"dev", "proc", "sys"} {
		if found, err := c.lookup(name); err != nil {
			return nil, err
		} else if found == "" {
			missing = append(missing, name)
		}
	}
	if missing == nil {
		return c.Layers, nil
	}
	for _, name := range missing {
		if err := kernel.MkdirAll("a place to mount on, which the root lacks", filepath.Join(c.places(), name), 0o755); err != nil {
			return nil, err
		}
	}
	if err := tree.Attributes(c.Layers[len(c.Layers)-1], c.places()); err != nil {
		return nil, err
	}
	if len(c.Layers) == maxLayers {
		return nil, fmt.Errorf("with %d layers there is no room for one with /%s, which the root lacks: make that directory there", maxLayers, missing[0])
	}
	return append(slices.Clone(c.Layers), c.places()), nil
}

// shortName is the name of the link to a layer: two characters at most.
func shortName(i int) string { return strconv.FormatInt(int64(i), 36) }

// Mount mounts the layers on Root. It is called by init, in its own mount namespace, with
// which the mount goes. The working directory becomes another.
//
// Three features that a kernel may have switched on are switched off, because with them the
// upper directory alone would not be all that has changed: a renamed directory would be a
// note of where it came from (redirect_dir; without it rename(2) says EXDEV, and mv copies),
// a changed mode a file without its content (metacopy), and a file with several names an
// entry in the work directory (index).
func Mount(c Config) error {
	if err := kernel.Chdir("layers are named relative to here", c.links()); err != nil {
		return err
	}
	links, err := os.ReadDir(".")
	if err != nil {
		return err
	}
	var lower []string
	for i := range links {
		lower = append(lower, shortName(len(links)-1-i)) // the kernel wants the topmost first
	}
	options := "lowerdir=" + strings.Join(lower, ":") +
		",upperdir=../upper,workdir=../work,redirect_dir=nofollow,metacopy=off,index=off"
	err = kernel.Mount("the layers as one, under a directory for the changes", "overlay", "../merged", "overlay", 0, options)
	return c.withRemedy(err)
}

// withRemedy adds to an error of mounting what the user can do about it.
func (c Config) withRemedy(err error) error {
	var fs unix.Statfs_t
	switch {
	case errors.Is(err, unix.ENODEV):
		return fmt.Errorf("%w: this kernel has no overlayfs: modprobe overlay, or try it in the VM: make shell", err)
	case errors.Is(err, unix.EINVAL) && unix.Statfs(c.Upper(), &fs) == nil && fs.Type == unix.OVERLAYFS_SUPER_MAGIC:
		return fmt.Errorf("%w: the state root lies on an overlay itself, as in a container: give another with --root DIR", err)
	}
	return err
}
