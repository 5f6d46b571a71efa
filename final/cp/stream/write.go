// Package stream turns files into a tar stream and back, where those who own the files may be at
// work on them meanwhile.
//
// The problem: a container that runs can exchange what is being copied while it is copied, for a
// link that leads out, for a fifo that nobody writes to, for a device. So a file is held by its
// descriptor first, then looked at, then read or changed through the descriptor.
//
// In a shell: tar -cf - -C DIR . and tar -xpf - -C DIR. The format is the one of docker cp and
// docker export: PAX, whole seconds, numeric owners, of the extended attributes only
// capabilities. To read: tar(5), pax(1), openat2(2), capabilities(7).
package stream

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/cp/inside"
)

// Write writes a file, with all that is below it if it is a directory, as a tar stream, in which
// it has the given name; without one the stream has only what is below. What is gone by the time
// that its turn comes, and sockets, are left out; so is what each running container has for
// itself: what is in /proc and the like, and in a tmpfs mounted below. source is open, be it with O_PATH.
func Write(w io.Writer, source *os.File, name string) error {
	stat, err := inside.Stat(source)
	if err != nil {
		return err
	}
	out := writer{tar: tar.NewWriter(w), links: map[inode]string{}}
	if err := out.entry(source, name, stat.Dev); err != nil {
		return err
	}
	return out.tar.Close()
}

type inode struct{ dev, ino uint64 }

type writer struct {
	tar   *tar.Writer
	links map[inode]string // the first name of each file that has several
}

// entry writes a file. dev is the device of the directory it is in.
func (w *writer) entry(file *os.File, name string, dev uint64) error {
	stat, err := inside.Stat(file)
	if err != nil {
		return err
	}
	if inside.Is(stat, unix.S_IFSOCK) {
		return nil // means nothing without its process
	}
	header, err := w.header(file, name, &stat)
	if err == nil && name != "" {
		err = w.tar.WriteHeader(header)
	}
	if err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if Kernels(file) || stat.Dev != dev && is(file, unix.TMPFS_MAGIC) {
			return nil
		}
		return w.directory(file, name, stat.Dev)
	case tar.TypeReg:
		if err := w.content(file, header.Size); err != nil {
			return fmt.Errorf("archive %s: %w", name, err)
		}
	}
	return nil
}

// Kernels tells whether a file is none of an image or a volume, but of a file system that the
// kernel makes up, such as /proc: Docker copies none of those, and they do not know their sizes.
func Kernels(file *os.File) bool {
	return is(file, unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP2_SUPER_MAGIC, unix.CGROUP_SUPER_MAGIC,
		unix.DEVPTS_SUPER_MAGIC, mqueue)
}

// is tells whether a file is in a file system of one of these types: fstatfs(2).
func is(file *os.File, types ...int64) bool {
	var stat unix.Statfs_t
	err := unix.Fstatfs(int(file.Fd()), &stat)
	return err == nil && slices.Contains(types, stat.Type)
}

// mqueue is what fstatfs(2) says of the file system of message queues: MQUEUE_MAGIC of ipc/mqueue.c.
const mqueue = 0x19800202

// directory writes what is in a directory, in the order of the names.
func (w *writer) directory(dir *os.File, name string, dev uint64) error {
	readable, err := os.Open(inside.Path(dir))
	if err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	names, err := readable.Readdirnames(-1)
	if err = errors.Join(err, readable.Close()); err != nil {
		return fmt.Errorf("archive %s: %w", name, err)
	}
	slices.Sort(names)
	for _, child := range names {
		file, err := inside.Child(dir, child)
		if errors.Is(err, unix.ENOENT) {
			continue
		} else if err != nil {
			return fmt.Errorf("archive %s: %w", name, err)
		}
		err = w.entry(file, under(name, child), dev)
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// under is the name of what is in a directory. It is not cleaned: below . names begin with ./.
func under(dir, name string) string {
	if dir == "" {
		return name
	}
	return strings.TrimSuffix(dir, "/") + "/" + name
}

// kinds are the type flags of the kinds of files. A socket has none.
var kinds = map[uint32]byte{
	unix.S_IFDIR: tar.TypeDir, unix.S_IFREG: tar.TypeReg, unix.S_IFLNK: tar.TypeSymlink,
	unix.S_IFIFO: tar.TypeFifo, unix.S_IFBLK: tar.TypeBlock, unix.S_IFCHR: tar.TypeChar,
}

// header describes a file.
func (w *writer) header(file *os.File, name string, stat *unix.Stat_t) (h *tar.Header, err error) {
	h = &tar.Header{
		Typeflag: kinds[stat.Mode&unix.S_IFMT], Name: name, Mode: int64(stat.Mode & 0o7777),
		Uid: int(stat.Uid), Gid: int(stat.Gid), ModTime: time.Unix(stat.Mtim.Sec, 0), Format: tar.FormatPAX,
	}
	switch h.Typeflag {
	case tar.TypeDir:
		h.Name = strings.TrimSuffix(name, "/") + "/"
		return h, nil
	case tar.TypeReg:
		h.Size = stat.Size
		if err := capabilities(file, h); err != nil {
			return nil, err
		}
	case tar.TypeSymlink:
		if h.Linkname, err = inside.Link(file); err != nil {
			return nil, err
		}
	case tar.TypeBlock, tar.TypeChar:
		h.Devmajor, h.Devminor = int64(unix.Major(stat.Rdev)), int64(unix.Minor(stat.Rdev))
	}
	if id := (inode{stat.Dev, stat.Ino}); stat.Nlink > 1 && w.links[id] != "" {
		h.Typeflag, h.Linkname, h.Size = tar.TypeLink, w.links[id], 0
	} else if stat.Nlink > 1 {
		w.links[id] = name
	}
	return h, nil
}

// capability is the extended attribute of what a program may do whoever calls it.
const capability = "security.capability"

// xattrRecord begins the names of PAX records that are extended attributes.
const xattrRecord = "SCHILY.xattr."

// capabilities puts a file's capabilities into its header. Those of version 3 name the root user
// of a user namespace, who means nothing elsewhere: they become version 2, which is 20 bytes long.
func capabilities(file *os.File, h *tar.Header) error {
	buffer := make([]byte, 64)
	n, err := unix.Getxattr(inside.Path(file), capability, buffer)
	switch {
	case errors.Is(err, unix.ENODATA), errors.Is(err, unix.ENOTSUP):
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", capability, err)
	}
	value := buffer[:n]
	if n > 20 && value[3] == 3 { // VFS_CAP_REVISION_3, the highest byte of a little-endian number
		value = value[:20]
		value[3] = 2
	}
	h.PAXRecords = map[string]string{xattrRecord + capability: string(value)}
	return nil
}

// content writes the content of a file, of which the header has told the size. The file is
// known to be a regular one, so that to open it does not wait for anybody.
func (w *writer) content(file *os.File, size int64) error {
	in, err := os.OpenFile(inside.Path(file), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	n, err := io.Copy(w.tar, io.LimitReader(in, size))
	if err == nil && n < size {
		err = errors.New("it has become shorter meanwhile: pause the container")
	}
	return err
}
