// Package rootfs gives a process a root directory of its own, with /proc, /sys and
// /dev in it, and takes the host's away.
//
// The problem: in a mount namespace of its own a process still sees all the files
// of the host. It is to see one directory, as "/", and no way out of it.
//
// The kernel feature: a mount namespace is a tree of mounts, and pivot_root(2)
// exchanges which mount is at its top. Once the old top is unmounted, the host's
// files are not forbidden to the container, they are nowhere. chroot(2), which is
// much older, only changes where paths begin to be looked up, and can be left.
//
// In a shell: mount --make-rprivate /; mount --rbind root root; cd root; mount -t
// proc proc proc; …; pivot_root . .; umount -l .
//
// To read: mount_namespaces(7), pivot_root(2), chroot(2), proc(5), sysfs(5).
package rootfs

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/internal/flags"
	"drydock/internal/kernel"
)

// Config says where the container's files are and how it gets to see them.
type Config struct {
	Root     string // the directory that becomes "/", as an absolute path
	Chroot   bool   // chroot(2) instead of pivot_root(2), to see why not
	ReadOnly bool   // nothing in Root can be changed from inside

	// What the container has namespaces of its own for.
	OwnMounts, OwnProcesses, OwnNetwork, OwnQueues bool

	// In a user namespace the kernel makes no device nodes, and mounts /proc and /sys
	// only for namespaces that were made together with it: what it refuses, the
	// container borrows from the host.
	Userns bool
}

// Flags are the flags that fill a Config.
func Flags(c *Config) []flags.Flag {
	return []flags.Flag{
		{Name: "chroot", Value: flags.Bool{To: &c.Chroot}, Usage: "use chroot(2) instead of pivot_root(2): it can be left"},
		{Name: "read-only", Value: flags.Bool{To: &c.ReadOnly}, Usage: "have the root directory be read-only"},
	}
}

// Complete makes Root absolute and refuses what cannot be a root directory.
func (c *Config) Complete() error {
	host, err := os.Stat("/")
	if err != nil {
		return err
	}
	info, err := os.Stat(c.Root)
	switch {
	case os.IsNotExist(err):
		return fmt.Errorf("the root directory %s does not exist: bin/testvm rootfs DIR makes one with busybox", c.Root)
	case err != nil:
		return fmt.Errorf("the root directory %s: %w", c.Root, err)
	case !info.IsDir():
		return fmt.Errorf("the root directory %s is a file: unpack it into a directory first", c.Root)
	case os.SameFile(info, host):
		return fmt.Errorf("the root directory is the host's own, and the container would change its files: unpack another")
	case !c.OwnMounts && c.ReadOnly:
		return fmt.Errorf("without a mount namespace --read-only would be so for the host: add mount to --namespaces")
	case !c.OwnMounts && !c.Chroot:
		return fmt.Errorf("without a mount namespace pivot_root would take the host's root away: add mount to --namespaces, or --chroot")
	}
	c.Root, err = filepath.Abs(c.Root)
	return err
}

// Isolate has no mount that is made from here on show up on the host, nor the host's
// show up here: by default systemd shares all of them. It comes before any mount.
func Isolate(c Config) error {
	if !c.OwnMounts {
		return nil
	}
	return kernel.Mount("nothing mounted here may show up on the host", "", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")
}

// Enter makes c.Root the root directory of the calling process, which is init: a
// process with one thread's worth of work and a mount namespace of its own. What it
// mounts disappears with that namespace, so nothing needs undoing, on failure either.
func Enter(c Config) error {
	if !c.OwnMounts {
		return enterChroot(c.Root)
	}
	// pivot_root wants a mount, and a directory bound to itself is one.
	if err := kernel.Mount("pivot_root works on mounts, so the root becomes one", c.Root, c.Root, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := kernel.Chdir("the rest is told relative to the new root", c.Root); err != nil {
		return err
	}
	if err := populate(c); err != nil {
		return err
	}
	if c.Chroot {
		return enterChroot(".")
	}
	return pivot()
}

// Seal makes the root read-only, if it is to be: last, when every place to mount on has been
// made. It is about this mount, not about those on it.
func Seal(c Config) error {
	if !c.ReadOnly {
		return nil
	}
	return kernel.Mount("nobody changes the root from here on", "", "/", "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, "")
}

// pivot makes the working directory the root of the mount namespace. With both
// arguments "." the old root comes to lie on top of the new one, so that no
// directory for it has to be made, and is what unmounting "." finds first.
func pivot() error {
	if err := kernel.PivotRoot("the new root goes to the top, the old one on it", ".", "."); err != nil {
		return err
	}
	if err := kernel.Unmount("the host's files are gone from here", ".", unix.MNT_DETACH); err != nil {
		return err
	}
	return kernel.Chdir("stand on the new root", "/")
}

// enterChroot moves only the starting point of absolute paths. Without the second
// call the process would still stand outside, and `cd ..` would take it anywhere.
func enterChroot(root string) error {
	if err := kernel.Chroot("absolute paths begin here from now on", root); err != nil {
		return err
	}
	return kernel.Chdir("stand inside as well", "/")
}
