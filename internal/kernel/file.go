package kernel

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Chdir is chdir(2).
func Chdir(why, path string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("chdir(%q)", path), command("cd", path)
	})
	return context(unix.Chdir(path), "change directory to %s", path)
}

// Chroot is chroot(2): absolute paths of this process begin at path from now on.
// It has no shell form: chroot(8) runs a program, a shell cannot move its own root.
func Chroot(why, path string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("chroot(%q)", path), ""
	})
	return context(unix.Chroot(path), "chroot to %s", path)
}

// Umask is umask(2): permission bits that new files shall not get.
func Umask(why string, mask int) {
	tell(why, func() (string, string) {
		return fmt.Sprintf("umask(0%03o)", mask), fmt.Sprintf("umask %03o", mask)
	})
	unix.Umask(mask)
}

// MkdirAll is mkdir(2) for path and each missing directory above it. A directory
// that is already there is left as it is.
func MkdirAll(why, path string, mode os.FileMode) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	tell(why, func() (string, string) {
		return fmt.Sprintf("mkdir(%q, 0%o)", path, mode.Perm()), command("mkdir", "-p", "-m", fmt.Sprintf("%o", mode.Perm()), path)
	})
	return os.MkdirAll(path, mode)
}

// Mknod is mknod(2) for the two kinds that a container's /dev needs: an empty
// file (S_IFREG) and a character device (S_IFCHR) made with unix.Mkdev.
func Mknod(why, path string, mode uint32, dev int) error {
	tell(why, func() (string, string) {
		permissions := fmt.Sprintf("%o", mode&0o777)
		if mode&unix.S_IFMT == unix.S_IFREG {
			return fmt.Sprintf("mknod(%q, S_IFREG|0%s, 0)", path, permissions), command("touch", path)
		}
		major, minor := unix.Major(uint64(dev)), unix.Minor(uint64(dev))
		return fmt.Sprintf("mknod(%q, S_IFCHR|0%s, makedev(%d, %d))", path, permissions, major, minor),
			command("mknod", "-m", permissions, path, "c", fmt.Sprint(major), fmt.Sprint(minor))
	})
	return context(unix.Mknod(path, mode, dev), "make device node %s", path)
}

// resolveFlags are the ways of openat2(2) to resolve a path.
var resolveFlags = []flagName{
	{unix.RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT", ""},
	{unix.RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS", ""},
}

// Openat2 is openat2(2): it opens a file, and says how far a path may lead. With
// RESOLVE_IN_ROOT, dirfd is the root directory for the path and all links on the way. Linux 5.6.
// No shell resolves so.
func Openat2(why string, dirfd int, path string, how *unix.OpenHow) (fd int, err error) {
	tell(why, func() (string, string) {
		return fmt.Sprintf("openat2(%s, %q, {.flags=%#o, .resolve=%s})", directory(dirfd), path, how.Flags,
			names(resolveFlags, uintptr(how.Resolve))), ""
	})
	fd, err = unix.Openat2(dirfd, path, how)
	return fd, context(err, "open %s", path)
}

// Mkdirat is mkdirat(2): mkdir(2) in an open directory.
func Mkdirat(why string, dirfd int, name string, mode uint32) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("mkdirat(%s, %q, 0%o)", directory(dirfd), name, mode), ""
	})
	return context(unix.Mkdirat(dirfd, name, mode), "make directory %s", name)
}

// Mknodat is mknodat(2), mknod(2) in an open directory, for the one kind that a mount needs
// to lie on: an empty file (S_IFREG).
func Mknodat(why string, dirfd int, name string, mode uint32) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("mknodat(%s, %q, S_IFREG|0%o, 0)", directory(dirfd), name, mode&0o777), ""
	})
	return context(unix.Mknodat(dirfd, name, mode, 0), "make file %s", name)
}

// Symlink is symlink(2): path becomes a link that says target.
func Symlink(why, target, path string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("symlink(%q, %q)", target, path), command("ln", "-s", target, path)
	})
	return context(unix.Symlink(target, path), "link %s to %s", path, target)
}

// Mkdir is mkdir(2). That the directory is already there is an error.
func Mkdir(why, path string, mode uint32) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("mkdir(%q, 0%o)", path, mode), command("mkdir", path)
	})
	return context(unix.Mkdir(path, mode), "make directory %s", path)
}

// Rmdir is rmdir(2).
func Rmdir(why, path string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("rmdir(%q)", path), command("rmdir", path)
	})
	return context(unix.Rmdir(path), "remove directory %s", path)
}

// Rename is rename(2).
func Rename(why, from, to string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("rename(%q, %q)", from, to), command("mv", "-T", from, to)
	})
	return context(unix.Rename(from, to), "rename %s to %s", from, to)
}

// WriteFile is write(2) of a whole value to a file that is there already: files of
// the kernel, as in /proc/sys and in cgroups, take a value per write.
func WriteFile(why, path, value string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("write(%q, %q)", path, value), command("echo", value) + " >" + Quote(path)
	})
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString(value); err != nil {
		return fmt.Errorf("write %q: %w", value, err)
	}
	return nil
}
