package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// Write writes an overlay directory as the tar file of a layer. The same directory gives the
// same bytes: entries are in the order of their names, without times of access or names of
// users. A file that becomes shorter meanwhile is an error.
func Write(w io.Writer, dir string) error {
	out := writer{tar: tar.NewWriter(w), links: map[inode]string{}}
	if err := out.entry(dir, "."); err != nil {
		return err
	}
	return out.tar.Close()
}

type inode struct{ dev, ino uint64 }

type writer struct {
	tar   *tar.Writer
	links map[inode]string // the first name of each file that has several
}

// directory writes what is in a directory, whose name in the layer is given.
func (w *writer) directory(dir, name string) error {
	value, err := tree.Xattr(dir, opaque)
	if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	if string(value) == "y" && name != "." {
		if err := w.marker(path.Join(name, opaqueMarker)); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dir) // sorted
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := w.entry(filepath.Join(dir, entry.Name()), path.Join(name, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// marker writes an empty file that says that something is not there.
func (w *writer) marker(name string) error {
	return w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatPAX})
}

func (w *writer) entry(file, name string) error {
	var stat unix.Stat_t
	if err := unix.Lstat(file, &stat); err != nil {
		return fmt.Errorf("layer: %s: %w", file, err)
	}
	base := path.Base(name)
	switch {
	case strings.HasPrefix(base, whiteoutPrefix):
		return fmt.Errorf("/%s cannot be put into a layer: there a name that begins with %s stands for a deleted file: rename it", name, whiteoutPrefix)
	case isWhiteout(&stat):
		return w.marker(path.Join(path.Dir(name), whiteoutPrefix+base))
	case stat.Mode&unix.S_IFMT == unix.S_IFSOCK:
		return nil // means nothing without its process
	}
	header, err := w.header(file, name, &stat)
	if err == nil {
		err = w.tar.WriteHeader(header)
	}
	if err != nil {
		return fmt.Errorf("layer: %s: %w", file, err)
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return w.directory(file, name)
	case tar.TypeReg:
		return w.content(file, header.Size)
	}
	return nil
}

// header describes a file.
func (w *writer) header(file, name string, stat *unix.Stat_t) (h *tar.Header, err error) {
	h = &tar.Header{
		Name: name, Mode: int64(stat.Mode & 0o7777), Uid: int(stat.Uid), Gid: int(stat.Gid),
		ModTime: time.Unix(stat.Mtim.Unix()), Format: tar.FormatPAX,
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		h.Typeflag, h.Name = tar.TypeDir, name+"/"
	case unix.S_IFREG:
		h.Typeflag, h.Size = tar.TypeReg, stat.Size
	case unix.S_IFLNK:
		h.Typeflag = tar.TypeSymlink
		h.Linkname, err = os.Readlink(file)
	case unix.S_IFIFO:
		h.Typeflag = tar.TypeFifo
	case unix.S_IFBLK:
		h.Typeflag = tar.TypeBlock
	case unix.S_IFCHR:
		h.Typeflag = tar.TypeChar
	}
	h.Devmajor, h.Devminor = int64(unix.Major(stat.Rdev)), int64(unix.Minor(stat.Rdev)) // 0, but for devices
	if h.Typeflag != tar.TypeDir && stat.Nlink > 1 {
		id := inode{stat.Dev, stat.Ino}
		if first, written := w.links[id]; written {
			return &tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: first, ModTime: h.ModTime, Format: tar.FormatPAX}, nil
		}
		w.links[id] = name
	}
	attributes, unread := tree.OwnXattrs(file)
	h.PAXRecords = map[string]string{}
	for name, value := range attributes {
		h.PAXRecords[xattrRecord+name] = value
	}
	return h, errors.Join(err, unread)
}

// content writes the content of a file, of which the header has told the size.
func (w *writer) content(file string, size int64) error {
	in, err := os.OpenFile(file, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	n, err := io.Copy(w.tar, io.LimitReader(in, size))
	if err == nil && n < size {
		err = errors.New("it has become shorter meanwhile: pause the container")
	}
	if err != nil {
		return fmt.Errorf("layer: %s: %w", file, err)
	}
	return nil
}
