// Package detached mounts a file system where nobody sees it.
//
// The problem: a tmpfs, or a volume that is an NFS server's, is to be mounted for one container.
// Where the host would see it, something would have to unmount it, also when that was killed.
//
// The kernel feature: a mount namespace ends with the last thread in it, and with it what is
// mounted only there. So a thread gets one of its own, mounts there, copies the mount to a file
// descriptor with open_tree(2), and is thrown away. What is left of it all is the descriptor.
//
// In a shell: unshare --mount sh -c 'mount -t tmpfs tmpfs PLACE; exec 3<PLACE; …'.
//
// To read: unshare(2), mount(2), open_tree(2), mount_namespaces(7).
package detached

import (
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/final/mounts/fstab"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/stage5-volumes/bind"
)

// A FileSystem is what is to be mounted.
type FileSystem struct {
	Type   string // as in /proc/filesystems; any, for a bind mount
	Device string // or what the file system wants in the place of one
	fstab.Options
}

// Tmpfs is an empty file system in memory.
func Tmpfs(options fstab.Options) FileSystem {
	return FileSystem{Type: "tmpfs", Device: "tmpfs", Options: options}
}

// Open mounts a file system and returns the mount, as bind.Open does a copy: for bind.Attach. It
// is unmounted when nobody has it any more. place is a directory, as an absolute path, on which to
// mount it meanwhile, and nothing changes there.
func Open(fs FileSystem, place string) (tree *os.File, err error) {
	err = alone.Call(func() error {
		if err := fs.mount(place); err != nil {
			return err
		}
		tree, err = bind.Open(bind.Mount{Source: place, MustExist: true})
		return err
	})
	return tree, err
}

// mount mounts a file system on a directory. A bind mount cannot be read-only from the start:
// mount(2) takes no other flags with MS_BIND.
func (fs FileSystem) mount(place string) error {
	if err := kernel.Chdir("a device that is no whole path is of the root directory, wherever somebody is", "/"); err != nil {
		return err
	}
	err := kernel.Mount("only this thread sees it", fs.Device, place, fs.Type, fs.Flags, fs.Data)
	if err != nil {
		return errors.New(hidePassword(err.Error(), fs.Data) + ": look at the type, the device and the options")
	}
	const readOnlyBind = unix.MS_BIND | unix.MS_RDONLY
	if fs.Flags&readOnlyBind != readOnlyBind {
		return nil
	}
	return kernel.Mount("a bind mount becomes read-only later", "", place, "", fs.Flags&^unix.MS_REC|unix.MS_REMOUNT, "")
}

// hidePassword takes the password out of a message that may have a file system's options.
func hidePassword(message, options string) string {
	for option := range strings.SplitSeq(options, ",") {
		if password, found := strings.CutPrefix(option, "password="); found && password != "" {
			message = strings.ReplaceAll(message, option, "password=********")
		}
	}
	return message
}
