// Package tree copies a directory with all that is below it, as it is: kinds, owners,
// modes, times, extended attributes, hard links, holes.
//
// cp -a does much the same. Whoever keeps a whole copy of a root directory wants it exact, and
// cheap where the file system can share blocks (FICLONE, ioctl_ficlone(2)).
package tree

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Copy makes dst, which does not exist yet, a copy of src, with all that is below it. A
// socket, which means nothing without its process, is left out. What has been copied when
// an error comes up stays.
func Copy(src, dst string) error {
	return (&Copier{}).Copy(src, dst)
}

// An inode is what hard links have in common.
type inode struct{ dev, ino uint64 }

// A Copier remembers which files have several names, from one Copy to the next.
type Copier struct {
	links map[inode]string // the first copy of each
}

// Copy is the function Copy.
func (c *Copier) Copy(src, dst string) error {
	var stat unix.Stat_t
	if err := unix.Lstat(src, &stat); err != nil {
		return fmt.Errorf("copy %s: %w", src, err)
	}
	if stat.Mode&unix.S_IFMT == unix.S_IFSOCK {
		return nil
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR && stat.Nlink > 1 {
		id := inode{stat.Dev, stat.Ino}
		if first, copied := c.links[id]; copied {
			return os.Link(first, dst)
		}
		if c.links == nil {
			c.links = map[inode]string{}
		}
		c.links[id] = dst
	}
	if err := c.content(src, dst, &stat); err != nil {
		return fmt.Errorf("copy %s to %s: %w", src, dst, err)
	}
	return attributes(src, dst, &stat) // last: to write changes times
}

func (c *Copier) content(src, dst string, stat *unix.Stat_t) error {
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		if err := os.Mkdir(dst, 0o700); err != nil {
			return err
		}
		entries, err := os.ReadDir(src)
		for _, entry := range entries {
			err = errors.Join(err, c.Copy(filepath.Join(src, entry.Name()), filepath.Join(dst, entry.Name())))
		}
		return err
	case unix.S_IFREG:
		return file(src, dst)
	case unix.S_IFLNK:
		target, err := os.Readlink(src)
		if err != nil {
			return err
		}
		return os.Symlink(target, dst)
	}
	return unix.Mknod(dst, stat.Mode, int(stat.Rdev))
}

// file copies a file's data: by sharing blocks, or else what is between the holes.
func file(src, dst string) error {
	from, err := os.Open(src)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = unix.IoctlFileClone(int(to.Fd()), int(from.Fd()))
	if err != nil {
		err = data(from, to)
	}
	return errors.Join(err, to.Close())
}

// data copies the parts of a file that are not holes: SEEK_DATA and SEEK_HOLE of lseek(2).
func data(from, to *os.File) error {
	info, err := from.Stat()
	if err != nil {
		return err
	}
	if err := to.Truncate(info.Size()); err != nil {
		return err
	}
	for end := int64(0); ; {
		begin, err := from.Seek(end, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return nil // no more data
		} else if err != nil {
			return err
		}
		if end, err = from.Seek(begin, unix.SEEK_HOLE); err != nil {
			return err
		}
		if err := part(from, to, begin, end); err != nil {
			return err
		}
	}
}

// part copies the bytes from begin to end, within the kernel where that can be:
// copy_file_range(2), which works neither between all file systems nor on all.
func part(from, to *os.File, begin, end int64) error {
	source, target := begin, begin
	for source < end {
		n, err := unix.CopyFileRange(int(from.Fd()), &source, int(to.Fd()), &target, int(end-source), 0)
		switch {
		case errors.Is(err, unix.EXDEV), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
			_, err := io.Copy(io.NewOffsetWriter(to, source), io.NewSectionReader(from, source, end-source))
			return err
		case err != nil:
			return err
		case n == 0:
			return fmt.Errorf("%s has become shorter meanwhile", from.Name())
		}
	}
	return nil
}

// Attributes gives dst the owner, mode, extended attributes and times of src. Neither is
// followed if it is a link.
func Attributes(src, dst string) error {
	var stat unix.Stat_t
	if err := unix.Lstat(src, &stat); err != nil {
		return fmt.Errorf("attributes of %s: %w", src, err)
	}
	return attributes(src, dst, &stat)
}

// attributes is Attributes for what has been looked at. The order matters: to change the
// owner clears setuid bits and file capabilities.
func attributes(src, dst string, stat *unix.Stat_t) error {
	if err := unix.Lchown(dst, int(stat.Uid), int(stat.Gid)); err != nil {
		return fmt.Errorf("owner of %s: %w", dst, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFLNK {
		if err := unix.Chmod(dst, stat.Mode&0o7777); err != nil {
			return fmt.Errorf("mode of %s: %w", dst, err)
		}
	}
	if err := xattrs(src, dst); err != nil {
		return fmt.Errorf("extended attributes of %s: %w", src, err)
	}
	times := []unix.Timespec{stat.Atim, stat.Mtim}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, dst, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("times of %s: %w", dst, err)
	}
	return nil
}

// xattrs copies extended attributes, all but overlayfs's own notes.
func xattrs(src, dst string) error {
	values, err := OwnXattrs(src)
	if err != nil {
		return err
	}
	for name, value := range values {
		err = unix.Lsetxattr(dst, name, []byte(value), 0)
		if err != nil && !errors.Is(err, unix.ENOTSUP) { // a file system without keeps what it can
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// IsOverlays tells whether an extended attribute is a note of overlayfs's, which says nothing
// of the file itself.
func IsOverlays(name string) bool {
	return strings.HasPrefix(name, "trusted.overlay.") || strings.HasPrefix(name, "user.overlay.")
}

// OwnXattrs are a file's extended attributes by name, all but overlayfs's.
func OwnXattrs(path string) (map[string]string, error) {
	names, err := Xattrs(path)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, name := range names {
		if IsOverlays(name) {
			continue
		}
		value, err := Xattr(path, name)
		if err != nil {
			return nil, err
		}
		values[name] = string(value)
	}
	return values, nil
}

// Xattrs lists the names of a file's extended attributes; none where there can be none.
func Xattrs(path string) ([]string, error) {
	list, err := grow(func(buffer []byte) (int, error) { return unix.Llistxattr(path, buffer) })
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(list), func(c rune) bool { return c == 0 }), nil
}

// Xattr reads an extended attribute. One that is not there is ENODATA.
func Xattr(path, name string) ([]byte, error) {
	return grow(func(buffer []byte) (int, error) { return unix.Lgetxattr(path, name, buffer) })
}

// grow calls read with larger and larger buffers, until what is to be read fits in.
func grow(read func([]byte) (int, error)) ([]byte, error) {
	for size := 256; ; size *= 4 {
		buffer := make([]byte, size)
		n, err := read(buffer)
		if !errors.Is(err, unix.ERANGE) {
			return buffer[:max(n, 0)], err
		}
	}
}
