package kernel

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// mountFlags are the flags of mount(2), each with its option of mount(8). Those
// that change what the call does (bind, remount, propagation) have none: they
// select the form of the command in mountCommand.
var mountFlags = []flagName{
	{unix.MS_RDONLY, "MS_RDONLY", "ro"},
	{unix.MS_NOSUID, "MS_NOSUID", "nosuid"},
	{unix.MS_NODEV, "MS_NODEV", "nodev"},
	{unix.MS_NOEXEC, "MS_NOEXEC", "noexec"},
	{unix.MS_SYNCHRONOUS, "MS_SYNCHRONOUS", "sync"},
	{unix.MS_DIRSYNC, "MS_DIRSYNC", "dirsync"},
	{unix.MS_MANDLOCK, "MS_MANDLOCK", "mand"},
	{unix.MS_NOATIME, "MS_NOATIME", "noatime"},
	{unix.MS_NODIRATIME, "MS_NODIRATIME", "nodiratime"},
	{unix.MS_RELATIME, "MS_RELATIME", "relatime"},
	{unix.MS_STRICTATIME, "MS_STRICTATIME", "strictatime"},
	{unix.MS_REMOUNT, "MS_REMOUNT", ""},
	{unix.MS_BIND, "MS_BIND", ""},
	{unix.MS_REC, "MS_REC", ""},
	{unix.MS_PRIVATE, "MS_PRIVATE", ""},
}

// Mount is mount(2): it attaches a file system, binds a directory to a second
// place, or changes a mount's flags or propagation, as flags say.
func Mount(why, source, target, fstype string, flags uintptr, data string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("mount(%q, %q, %q, %s, %q)", source, target, fstype, names(mountFlags, flags), data),
			mountCommand(source, target, fstype, flags, data)
	})
	err := unix.Mount(source, target, fstype, flags, data)
	switch {
	case flags&unix.MS_PRIVATE != 0:
		return context(err, "make %s private", target)
	case flags&unix.MS_BIND != 0:
		return context(err, "bind %s on %s", source, target)
	}
	return context(err, "mount %s on %s", fstype, target)
}

// mountCommand is the mount(8) command for the arguments of mount(2).
func mountCommand(source, target, fstype string, flags uintptr, data string) string {
	recursive := ""
	if flags&unix.MS_REC != 0 {
		recursive = "r"
	}
	option := options(mountFlags, flags)
	switch {
	case flags&unix.MS_PRIVATE != 0:
		return command("mount", "--make-"+recursive+"private", target)
	case flags&unix.MS_REMOUNT != 0 && flags&unix.MS_BIND != 0:
		option = append([]string{"remount", "bind"}, option...)
		return command("mount", "-o", strings.Join(option, ","), target)
	case flags&unix.MS_BIND != 0:
		return command("mount", "--"+recursive+"bind", source, target)
	}
	if data != "" {
		option = append(option, data)
	}
	words := []string{"mount", "-t", fstype}
	if len(option) > 0 {
		words = append(words, "-o", strings.Join(option, ","))
	}
	return command(append(words, source, target)...)
}

// MountSetattr is mount_setattr(2): it changes the flags of a mount and, with
// AT_RECURSIVE, of all mounts below it in one step. Linux 5.12. mount(8) has
// ro=recursive since util-linux 2.39.
func MountSetattr(why string, dirfd int, path string, flags uint, attr *unix.MountAttr) error {
	tell(why, func() (string, string) {
		shell := ""
		if dirfd == unix.AT_FDCWD && flags == unix.AT_RECURSIVE && *attr == (unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}) {
			shell = command("mount", "-o", "remount,bind,ro=recursive", path)
		}
		return fmt.Sprintf("mount_setattr(%s, %q, %#x, {.attr_set=%#x, .attr_clr=%#x, .propagation=%#x})",
			directory(dirfd), path, flags, attr.Attr_set, attr.Attr_clr, attr.Propagation), shell
	})
	return context(unix.MountSetattr(dirfd, path, flags, attr), "change the mount flags of %s", path)
}

// treeFlags are the flags of open_tree(2).
var treeFlags = []flagName{
	{unix.OPEN_TREE_CLONE, "OPEN_TREE_CLONE", ""},
	{unix.OPEN_TREE_CLOEXEC, "OPEN_TREE_CLOEXEC", ""},
	{unix.AT_RECURSIVE, "AT_RECURSIVE", ""},
}

// OpenTree is open_tree(2): with OPEN_TREE_CLONE it makes a copy of a mount, with
// AT_RECURSIVE of all mounts below it too, which is attached nowhere, and opens it. Linux 5.2.
// mount --rbind does this and MoveMount in one, which takes both places in one tree.
func OpenTree(why string, dirfd int, path string, flags uint) (fd int, err error) {
	tell(why, func() (string, string) {
		return fmt.Sprintf("open_tree(%s, %q, %s)", directory(dirfd), path, names(treeFlags, uintptr(flags))), ""
	})
	fd, err = unix.OpenTree(dirfd, path, flags)
	return fd, context(err, "copy the mount at %s", path)
}

// moveFlags are the flags of move_mount(2).
var moveFlags = []flagName{
	{unix.MOVE_MOUNT_F_EMPTY_PATH, "MOVE_MOUNT_F_EMPTY_PATH", ""},
	{unix.MOVE_MOUNT_T_EMPTY_PATH, "MOVE_MOUNT_T_EMPTY_PATH", ""},
}

// MoveMount is move_mount(2): it attaches a mount at another place, or one that has been
// attached nowhere. An empty path, with the flag for it, is the directory or file itself that
// the descriptor stands for. Linux 5.2.
func MoveMount(why string, fromDirfd int, fromPath string, toDirfd int, toPath string, flags int) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("move_mount(%s, %q, %s, %q, %s)", directory(fromDirfd), fromPath, directory(toDirfd), toPath,
			names(moveFlags, uintptr(flags))), ""
	})
	return context(unix.MoveMount(fromDirfd, fromPath, toDirfd, toPath, flags), "attach the mount")
}

// directory writes a dirfd argument as C does.
func directory(dirfd int) string {
	if dirfd == unix.AT_FDCWD {
		return "AT_FDCWD"
	}
	return fmt.Sprint(dirfd)
}

// Unmount is umount2(2). MNT_DETACH takes the mount out of the tree at once,
// while the kernel frees it when its last user is gone.
func Unmount(why, target string, flags int) error {
	tell(why, func() (string, string) {
		flag, words := "0", []string{"umount"}
		if flags&unix.MNT_DETACH != 0 {
			flag, words = "MNT_DETACH", append(words, "-l")
		}
		return fmt.Sprintf("umount2(%q, %s)", target, flag), command(append(words, target)...)
	})
	return context(unix.Unmount(target, flags), "unmount %s", target)
}

// PivotRoot is pivot_root(2): newRoot becomes the root of this mount namespace,
// and the old root is attached at putOld.
func PivotRoot(why, newRoot, putOld string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("pivot_root(%q, %q)", newRoot, putOld), command("pivot_root", newRoot, putOld)
	})
	return context(unix.PivotRoot(newRoot, putOld), "pivot_root to %s", newRoot)
}
