// Package inside looks up a container's paths as the container would, from outside.
//
// The problem: cp reads and writes files of a container that may be running, and hostile. A link
// /etc -> /etc names the container's /etc in there and the host's out here, and between a look
// and the act that follows, the container can put a link where a directory was. The kernel
// resolves a path in one go, with an open directory in place of / and nothing above it:
// openat2(2), RESOLVE_IN_ROOT, Linux 5.6. What was found is held by its descriptor (O_PATH),
// which no rename moves, and looked at before anything is done to it.
//
// In a shell: nsenter --mount --target PID stat PATH, if the container is trusted to have a stat.
// To read: openat2(2), open(2) on O_PATH, path_resolution(7), symlink(7).
package inside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// attempts are how often a path is looked up anew because a directory on it was moved meanwhile.
const attempts = 100

// Open opens what is at a path as if root were the root directory. It never waits for the other
// end of a fifo. The error says "lstat" as Docker's does.
func Open(root *os.File, name string, flags int) (*os.File, error) {
	how := unix.OpenHow{
		Flags:   uint64(flags | unix.O_CLOEXEC | unix.O_NONBLOCK),
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	if flags&unix.O_PATH != 0 {
		how.Flags &^= unix.O_NONBLOCK // openat2(2) takes no flag that O_PATH has no use for
	}
	fd, err := -1, error(nil)
	for range attempts {
		fd, err = unix.Openat2(int(root.Fd()), name, &how)
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Lookup finds what is at a path: a link itself, unless the path ends in a slash. The file can
// be looked at, but neither read nor written.
func Lookup(root *os.File, name string) (*os.File, unix.Stat_t, error) {
	file, err := Open(root, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return nil, unix.Stat_t{}, err
	}
	stat, err := Stat(file)
	if err != nil {
		return nil, stat, errors.Join(err, file.Close())
	}
	return file, stat, nil
}

// Directory opens a directory, to look up names in it.
func Directory(root *os.File, name string) (*os.File, error) {
	return Open(root, name, unix.O_PATH|unix.O_DIRECTORY)
}

// Child finds what has a name in an open directory: a link itself.
func Child(dir *os.File, name string) (*os.File, error) {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Stat is what a file is.
func Stat(file *os.File) (stat unix.Stat_t, err error) {
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return stat, fmt.Errorf("stat %s: %w", file.Name(), err)
	}
	return stat, nil
}

// Is tells whether a file is of a kind, S_IFDIR or another.
func Is(stat unix.Stat_t, kind uint32) bool { return stat.Mode&unix.S_IFMT == kind }

// Link reads where a link leads.
func Link(file *os.File) (string, error) {
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(int(file.Fd()), "", buffer) // of the descriptor itself: readlinkat(2)
	if err != nil {
		return "", fmt.Errorf("read the link %s: %w", file.Name(), err)
	}
	return string(buffer[:n]), nil
}

// Path is a path for system calls that take none of a descriptor: it leads to the file itself,
// whatever has its name by now.
func Path(file *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", file.Fd()) }

// links are how many may follow each other: path_resolution(7).
const links = 40

// Follow returns the path that a link at the end of a path leads to, over as many links as there
// are. There need be nothing at that.
func Follow(root *os.File, name string) (string, error) {
	for range links {
		file, stat, err := Lookup(root, name)
		if errors.Is(err, unix.ENOENT) {
			return name, nil
		} else if err != nil {
			return "", err
		}
		if !Is(stat, unix.S_IFLNK) {
			return name, file.Close()
		}
		target, err := Link(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return "", err
		}
		if !path.IsAbs(target) { // not cleaned: the kernel knows what .. is behind a link
			dir, _ := path.Split(name)
			target = dir + target
		}
		name = target
	}
	return "", &fs.PathError{Op: "lstat", Path: name, Err: unix.ELOOP}
}
