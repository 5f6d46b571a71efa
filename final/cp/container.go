package cp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/final/cp/inside"
	"drydock/final/cp/stream"
)

// A Container is the container's end of a copy.
type Container struct {
	Name string // as it was typed
	// Root is its root directory, open, with its volumes: /proc/PID/root of one that runs.
	Root *os.File
	// Owner is whom files belong to that are copied into it, instead of whom they belong to on the host:
	// its user, if it has one and -a is given. It is looked up in there.
	Owner stream.Owner
}

// source opens a source of a copy in the container. The name is the one that the source has in a
// stream: if a link is followed, that of its target.
func (c Container) source(path string, follow bool) (*os.File, unix.Stat_t, string, error) {
	if path == "" {
		return nil, unix.Stat_t{}, "", errors.New("bad parameter: path cannot be empty")
	}
	at := clean(filepath.Join("/", path), path)
	file, stat, err := c.lookup(at)
	if err == nil && follow && inside.Is(stat, unix.S_IFLNK) {
		file.Close()
		if at, err = inside.Follow(c.Root, at); err == nil {
			path = at // in errors too
			file, stat, err = c.lookup(at)
		}
	}
	if err != nil {
		return nil, stat, "", c.notFound(path, err)
	}
	return file, stat, filepath.Base(at), nil
}

// lookup is inside.Lookup for files that Docker copies.
func (c Container) lookup(path string) (*os.File, unix.Stat_t, error) {
	file, stat, err := inside.Lookup(c.Root, path)
	if err != nil {
		return nil, stat, err
	}
	if stream.Kernels(file) && !inside.Is(stat, unix.S_IFDIR) {
		return nil, stat, errors.Join(unix.ENOENT, file.Close())
	}
	return file, stat, nil
}

// notFound puts the error of what is not there into Docker's words.
func (c Container) notFound(path string, err error) error {
	if errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("Could not find the file %s in container %s", path, c.Name) //nolint:staticcheck // Docker's words
	}
	return err
}

// destination says what is at a destination in the container. A link is followed, to where there may
// be nothing.
func (c Container) destination(path string) (place, error) {
	to := place{path: path}
	file, stat, err := inside.Lookup(c.Root, path)
	if err == nil && inside.Is(stat, unix.S_IFLNK) {
		file.Close()
		var followed string
		if followed, err = inside.Follow(c.Root, path); err == nil {
			to.path = followed
			file, stat, err = inside.Lookup(c.Root, followed)
		}
	}
	if err != nil { // the directory above it may be there; if not, unpacking finds that
		return to, nil //nolint:nilerr // as Docker
	}
	file.Close()
	if inside.Is(stat, unix.S_IFBLK) || inside.Is(stat, unix.S_IFCHR) {
		return to, fmt.Errorf("destination %q must be a directory or a regular file: got a device", c.Name+":"+path)
	}
	to.exists, to.isDir = true, inside.Is(stat, unix.S_IFDIR)
	return to, nil
}

// open opens a directory in the container that files can be put into.
func (c Container) open(path string) (*os.File, error) {
	dir, err := inside.Open(c.Root, clean(filepath.Join("/", path), path), unix.O_PATH)
	if err != nil {
		return nil, c.notFound(path, err)
	}
	stat, err := inside.Stat(dir)
	switch {
	case err != nil:
	case !inside.Is(stat, unix.S_IFDIR):
		err = errors.New("extraction point is not a directory")
	default:
		err = c.writable(dir)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// writable asks the kernel whether a directory's mount is read-only, and says which that is.
func (c Container) writable(dir *os.File) error {
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(dir.Fd()), &system); err != nil {
		return fmt.Errorf("statfs %s: %w", dir.Name(), err)
	}
	if system.Flags&unix.ST_RDONLY == 0 {
		return nil
	}
	mount, err := mountID(dir)
	root, err2 := mountID(c.Root)
	switch {
	case err != nil || err2 != nil:
		return errors.Join(err, err2)
	case mount == root:
		return errors.New("container rootfs is marked read-only")
	}
	return errors.New("mounted volume is marked read-only")
}

// mountID tells mounts apart: statx(2), Linux 5.8.
func mountID(dir *os.File) (uint64, error) {
	var stat unix.Statx_t
	if err := unix.Statx(int(dir.Fd()), "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &stat); err != nil {
		return 0, fmt.Errorf("statx %s: %w", dir.Name(), err)
	}
	return stat.Mnt_id, nil
}
