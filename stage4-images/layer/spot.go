package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// A spot is the place of one entry: a name in an open directory. Everything is done to that,
// never to a path, so no link can lead elsewhere.
type spot struct {
	fd   int
	base string
}

// path is the spot for system calls that take no open directory beside a name: the kernel goes to
// ours, and looks up one name there.
func (s spot) path() string { return fmt.Sprintf("/proc/self/fd/%d/%s", s.fd, s.base) }

func (s spot) close() { unix.Close(s.fd) }

func (s spot) stat() (*unix.Stat_t, error) {
	var stat unix.Stat_t
	err := unix.Fstatat(s.fd, s.base, &stat, unix.AT_SYMLINK_NOFOLLOW)
	return &stat, err
}

func (s spot) setOpaque() error { return unix.Lsetxattr(s.path(), opaque, []byte("y"), 0) }

// hide makes what a .wh. file stands for.
func (s spot) hide() error {
	if s.base == opaqueMarker {
		return spot{s.fd, "."}.setOpaque()
	}
	name := strings.TrimPrefix(s.base, whiteoutPrefix)
	switch {
	case strings.HasPrefix(name, whiteoutPrefix):
		return nil // notes that aufs made for itself
	case name == "" || name == "." || name == "..":
		return errors.New("there is nothing that it could hide")
	}
	hidden := spot{s.fd, name}
	there, err := hidden.stat()
	switch {
	case errors.Is(err, unix.ENOENT):
		return unix.Mknodat(hidden.fd, hidden.base, unix.S_IFCHR, 0)
	case err != nil:
		return err
	case there.Mode&unix.S_IFMT == unix.S_IFDIR:
		// The layer has a directory of that name too: it hides only what is below.
		return hidden.setOpaque()
	}
	return nil
}

func isWhiteout(stat *unix.Stat_t) bool {
	return stat.Mode&unix.S_IFMT == unix.S_IFCHR && stat.Rdev == 0
}

// make makes the file itself. What is there from an earlier entry goes, unless both are
// directories.
func (a *applier) make(at spot, header *tar.Header, content io.Reader) error {
	if header.Typeflag == tar.TypeDir {
		return a.directory(at)
	}
	err := a.makeNew(at, header, content)
	if errors.Is(err, unix.EEXIST) {
		if err = os.RemoveAll(at.path()); err == nil {
			err = a.makeNew(at, header, content)
		}
	}
	return err
}

var nodes = map[byte]uint32{tar.TypeFifo: unix.S_IFIFO, tar.TypeBlock: unix.S_IFBLK, tar.TypeChar: unix.S_IFCHR}

// makeNew makes the file where there is none, or else is EEXIST and has read none of the content.
func (a *applier) makeNew(at spot, header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse:
		return a.files.Create(at.fd, at.base, content)
	case tar.TypeSymlink:
		return unix.Symlinkat(header.Linkname, at.fd, at.base)
	case tar.TypeLink:
		return a.link(header.Linkname, at)
	case tar.TypeFifo, tar.TypeBlock, tar.TypeChar:
		device := int(unix.Mkdev(uint32(header.Devmajor), uint32(header.Devminor)))
		if header.Typeflag == tar.TypeChar && device == 0 {
			return errors.New("a device 0:0 is how overlayfs notes a deleted file, and cannot be in a layer")
		}
		return unix.Mknodat(at.fd, at.base, nodes[header.Typeflag], device)
	}
	return fmt.Errorf("its type %q is none that a layer can have", header.Typeflag)
}

// link gives a file of this layer another name.
func (a *applier) link(target string, at spot) error {
	name, err := clean(target)
	if err != nil {
		return fmt.Errorf("it links to %q: %w", target, err)
	}
	from, err := a.parent(name, false)
	if err != nil {
		return fmt.Errorf("it links to %q: %w", target, err)
	}
	defer from.close()
	if err := unix.Linkat(from.fd, from.base, at.fd, at.base, 0); err != nil {
		return fmt.Errorf("it links to %q, which must be an earlier entry of the layer: %w", target, err)
	}
	return nil
}

// attributes sets what the header says of a file. The order matters: to change the owner
// clears setuid bits and capabilities.
func (a *applier) attributes(at spot, name string, header *tar.Header) error {
	if err := unix.Fchownat(at.fd, at.base, header.Uid, header.Gid, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("owner %d:%d: %w", header.Uid, header.Gid, err)
	}
	if header.Typeflag != tar.TypeSymlink {
		if err := unix.Fchmodat(at.fd, at.base, uint32(header.Mode)&0o7777, 0); err != nil {
			return fmt.Errorf("mode: %w", err)
		}
	}
	for key, value := range header.PAXRecords {
		attribute, isXattr := strings.CutPrefix(key, xattrRecord)
		if !isXattr {
			continue
		}
		if tree.IsOverlays(attribute) {
			return fmt.Errorf("its attribute %s is overlayfs's own", attribute)
		}
		if err := unix.Lsetxattr(at.path(), attribute, []byte(value), 0); err != nil {
			return fmt.Errorf("attribute %s: %w", attribute, err)
		}
	}
	mtime, err := unix.TimeToTimespec(header.ModTime)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	if header.Typeflag == tar.TypeDir {
		a.times = append(a.times, dirTime{name, mtime})
		return nil
	}
	return at.setTime(mtime)
}

func (s spot) setTime(t unix.Timespec) error {
	return unix.UtimesNanoAt(s.fd, s.base, []unix.Timespec{t, t}, unix.AT_SYMLINK_NOFOLLOW)
}
