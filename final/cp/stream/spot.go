package stream

import (
	"archive/tar"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/cp/inside"
)

// A spot is the place of one entry: a name in an open directory.
type spot struct {
	dir  *os.File
	base string
}

func (s spot) open() (*os.File, error) { return inside.Child(s.dir, s.base) }

// mkdir makes a directory. One that is there stays.
func (s spot) mkdir() error {
	err := unix.Mkdirat(int(s.dir.Fd()), s.base, 0o755)
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}

// errExchanged is what there is to say when somebody is faster.
var errExchanged = errors.New("something else has taken its place meanwhile")

// attributes sets what the header says of a file, through its descriptor: by its name, a link that
// has been put there meanwhile would be followed. The order matters: to change the owner clears
// setuid bits and capabilities.
func (u *unpacker) attributes(at spot, name string, h *tar.Header) error {
	made, err := at.open()
	if err != nil {
		return err
	}
	defer made.Close()
	stat, err := inside.Stat(made)
	if err == nil && !inside.Is(stat, kind(h)) {
		err = errExchanged
	}
	if err == nil && u.owner != nil {
		uid, gid := u.owner(h)
		err = unix.Fchownat(int(made.Fd()), "", uid, gid, unix.AT_EMPTY_PATH)
	}
	if err == nil && h.Typeflag != tar.TypeSymlink {
		err = unix.Chmod(inside.Path(made), uint32(h.Mode)&0o7777)
	}
	if err == nil {
		err = setXattrs(made, h)
	}
	mtime := timespec(h.ModTime)
	switch {
	case err != nil:
	case h.Typeflag == tar.TypeDir:
		u.times = append(u.times, dirTime{name, mtime})
	default:
		err = setTime(made, mtime)
	}
	if err != nil {
		return fmt.Errorf("attributes of %s: %w", name, err)
	}
	return nil
}

// setXattrs sets a file's extended attributes. Those that we may not set are left out, as in Docker.
func setXattrs(made *os.File, h *tar.Header) error {
	for key, value := range h.PAXRecords {
		name, isXattr := strings.CutPrefix(key, xattrRecord)
		if !isXattr {
			continue
		}
		err := unix.Setxattr(inside.Path(made), name, []byte(value), 0)
		if err != nil && !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// timespec is a time for the kernel. One that it may not have, or before 1970, is 1970, as in Docker.
func timespec(t time.Time) unix.Timespec {
	spec, err := unix.TimeToTimespec(t)
	if err != nil || spec.Sec < 0 {
		return unix.Timespec{}
	}
	return spec
}

func setTime(made *os.File, t unix.Timespec) error {
	return unix.UtimesNanoAt(unix.AT_FDCWD, inside.Path(made), []unix.Timespec{t, t}, 0)
}
