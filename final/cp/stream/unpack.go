package stream

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/final/cp/inside"
	"drydock/internal/tree"
)

// An Owner tells to whom what an entry makes shall belong.
type Owner func(*tar.Header) (uid, gid int)

// AsArchived has a file belong to whom the archive says.
func AsArchived(h *tar.Header) (uid, gid int) { return h.Uid, h.Gid }

// Unpack makes in dir what a tar stream has. Directories are merged with those that are there,
// and other files take the place of those that are there, but neither takes the other's place.
// Names and links lead nowhere but below dir, whoever changes what there is there meanwhile. All
// belongs to owner's answer, or, without owner, to whom we are. dest is dir's name in errors.
// What has been made when an error comes up stays.
func Unpack(dir *os.File, dest string, in io.Reader, owner Owner) error {
	u := unpacker{dir: dir, dest: dest, owner: owner}
	for entries := tar.NewReader(in); ; {
		header, err := entries.Next()
		switch {
		case errors.Is(err, io.EOF):
			return u.setTimes()
		case err != nil:
			return err
		case header.Typeflag == tar.TypeXGlobalHeader: // git archive writes one; it is no file
			continue
		}
		if err := u.entry(header, entries); err != nil {
			return err
		}
	}
}

// An unpacker is one Unpack at work.
type unpacker struct {
	dir   *os.File
	dest  string
	owner Owner
	times []dirTime
	files tree.Sparse
}

// A dirTime is set at the end: what is put into a directory changes its time.
type dirTime struct {
	name string
	time unix.Timespec
}

// clean makes a name relative, and refuses one that leads out.
func clean(name string) (string, error) {
	cleaned := path.Clean(strings.TrimLeft(name, "/"))
	if !filepath.IsLocal(cleaned) {
		return "", fmt.Errorf("invalid entry name %q", name)
	}
	return cleaned, nil
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	name, err := clean(h.Name)
	if err != nil || name == "." { // the directory itself stays as it is
		return err
	}
	parent, err := u.directory(path.Dir(name))
	if err != nil {
		return err
	}
	defer parent.Close()
	at := spot{parent, path.Base(name)}
	if err := u.makeWay(at, name, h); err != nil {
		return err
	}
	if err := u.make(at, h, content); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if h.Typeflag == tar.TypeLink {
		return nil // the other name has set them
	}
	return u.attributes(at, name, h)
}

// directory opens a directory, and makes it, and those above it, if they are missing.
func (u *unpacker) directory(name string) (*os.File, error) {
	dir, err := inside.Directory(u.dir, name)
	if !errors.Is(err, unix.ENOENT) || name == "." {
		return dir, err
	}
	parent, err := u.directory(path.Dir(name))
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	if err := (spot{parent, path.Base(name)}).mkdir(); err != nil {
		return nil, fmt.Errorf("mkdir %s: %w", name, err)
	}
	return inside.Directory(u.dir, name)
}

// makeWay removes what is in the place of an entry, but for a directory that another one is
// merged with.
func (u *unpacker) makeWay(at spot, name string, h *tar.Header) error {
	there, err := at.open()
	if errors.Is(err, unix.ENOENT) {
		return nil
	} else if err != nil {
		return err
	}
	defer there.Close()
	stat, err := inside.Stat(there)
	if err != nil {
		return err
	}
	was, is := inside.Is(stat, unix.S_IFDIR), h.Typeflag == tar.TypeDir
	switch {
	case was && is:
		return nil
	case was:
		return fmt.Errorf("cannot overwrite directory %q with non-directory %q", name, u.dest)
	case is:
		return fmt.Errorf("cannot overwrite non-directory %q with directory %q", name, u.dest)
	}
	if err := unix.Unlinkat(int(at.dir.Fd()), at.base, 0); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}

// make makes the file itself.
func (u *unpacker) make(at spot, h *tar.Header, content io.Reader) error {
	fd := int(at.dir.Fd())
	switch h.Typeflag {
	case tar.TypeDir:
		return at.mkdir()
	case tar.TypeReg, tar.TypeGNUSparse:
		return u.files.Create(fd, at.base, content)
	case tar.TypeSymlink:
		return unix.Symlinkat(h.Linkname, fd, at.base)
	case tar.TypeLink:
		return u.link(h.Linkname, at)
	case tar.TypeFifo:
		return unix.Mknodat(fd, at.base, unix.S_IFIFO|0o600, 0)
	case tar.TypeBlock, tar.TypeChar:
		return unix.Mknodat(fd, at.base, kind(h)|0o600, device(h))
	}
	return fmt.Errorf("unhandled tar header type %d", h.Typeflag)
}

// kind is the kind of file that an entry makes.
func kind(h *tar.Header) uint32 {
	for mode, flag := range kinds {
		if flag == h.Typeflag {
			return mode
		}
	}
	return unix.S_IFREG
}

// device is the number of a device. The kernel has no larger ones, whatever an entry says.
func device(h *tar.Header) int {
	major, minor := min(max(h.Devmajor, 0), math.MaxUint32), min(max(h.Devminor, 0), math.MaxUint32)
	return int(unix.Mkdev(uint32(major), uint32(minor)))
}

// link gives a file that is there another name.
func (u *unpacker) link(target string, at spot) error {
	name, err := clean(target)
	if err != nil {
		return fmt.Errorf("invalid hardlink target %q", target)
	}
	parent, err := inside.Directory(u.dir, path.Dir(name))
	if err != nil {
		return err
	}
	defer parent.Close()
	return unix.Linkat(int(parent.Fd()), path.Base(name), int(at.dir.Fd()), at.base, 0)
}

// setTimes sets the times of directories. One that has been replaced meanwhile has none.
func (u *unpacker) setTimes() error {
	for _, d := range u.times {
		dir, err := inside.Open(u.dir, d.name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			continue
		} else if err != nil {
			return err
		}
		if err := errors.Join(setTime(dir, d.time), dir.Close()); err != nil {
			return fmt.Errorf("time of %s: %w", d.name, err)
		}
	}
	return nil
}
