package overlay

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// A Change is one line of docker diff.
type Change struct {
	Kind byte   // 'A' added, 'C' changed, 'D' deleted
	Path string // absolute, as the container sees it
}

// String is the line.
func (c Change) String() string { return string(c.Kind) + " " + c.Path }

// Changes reads from the upper directory what the container has changed, sorted by path.
// Nothing needs to be mounted, and it may run meanwhile. What there was before is looked
// up in the layers.
//
// As in Docker, a directory above a change has changed too, save the root; and of a file
// that was copied up or made anew it is not the content that is compared, but what
// stat(2) says.
func Changes(c Config) ([]Change, error) {
	return sorted(comparison{c, c.Upper()}.in("", false))
}

// Compare is Changes for a directory that is not an upper one, but all that the container
// sees (as of final's driver vfs): what is not in it, is deleted.
func Compare(c Config, root string) ([]Change, error) {
	return sorted(comparison{c, root}.in("", true))
}

func sorted(changes []Change, err error) ([]Change, error) {
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return changes, err
}

// A comparison is one of a directory, which is now, with the layers, which were before.
type comparison struct {
	before Config
	now    string
}

// in returns the changes in a directory, by its path relative to the root. alone says that
// the container does not see what the layers have there: if it is not here it is gone. It is
// compared all the same. What disappears while we look, as the container may run, is not there.
func (c comparison) in(dir string, alone bool) ([]Change, error) {
	entries, err := os.ReadDir(filepath.Join(c.now, dir))
	if errors.Is(err, fs.ErrNotExist) && dir != "" {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	opaque, err := IsOpaque(filepath.Join(c.now, dir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	alone = alone || opaque
	var changes []Change
	there := map[string]bool{}
	for _, entry := range entries {
		there[entry.Name()] = true
		more, err := c.at(path.Join(dir, entry.Name()), alone)
		if err != nil {
			return nil, err
		}
		changes = append(changes, more...)
	}
	if !alone {
		return changes, nil
	}
	before, err := c.before.list(dir)
	for _, name := range before {
		if !there[name] {
			changes = append(changes, Change{'D', "/" + path.Join(dir, name)})
		}
	}
	return changes, err
}

// at returns the changes at one entry, and below it.
func (c comparison) at(name string, alone bool) ([]Change, error) {
	now := filepath.Join(c.now, name)
	before, err := c.before.lookup(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(now)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if IsWhiteout(info) {
		if before == "" {
			return nil, nil // the container had made it itself
		}
		return []Change{{'D', "/" + name}}, nil
	}
	kind := byte('A')
	if before != "" {
		kind = 'C'
	}
	differ, err := different(before, now)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var below []Change
	if info.IsDir() {
		if below, err = c.in(name, alone); err != nil {
			return nil, err
		}
	}
	if !differ && len(below) == 0 {
		return nil, nil
	}
	return append([]Change{{kind, "/" + name}}, below...), nil
}

// different tells whether two files differ by what stat(2) says, or in their capabilities.
// A directory's size and time change with what is in it, and do not count. The other side
// of nothing is always different.
func different(before, now string) (bool, error) {
	if before == "" {
		return true, nil
	}
	var a, b unix.Stat_t
	if err := errors.Join(unix.Lstat(before, &a), unix.Lstat(now, &b)); err != nil {
		return false, err
	}
	if a.Mode != b.Mode || a.Uid != b.Uid || a.Gid != b.Gid || a.Rdev != b.Rdev {
		return true, nil
	}
	if a.Mode&unix.S_IFMT != unix.S_IFDIR && (a.Size != b.Size || !sameTime(a.Mtim, b.Mtim)) {
		return true, nil
	}
	return differentCapabilities(before, now)
}

// sameTime compares times, of which one may come from a tar file that has whole seconds.
func sameTime(a, b unix.Timespec) bool {
	return a.Sec == b.Sec && (a.Nsec == b.Nsec || a.Nsec == 0 || b.Nsec == 0)
}

func differentCapabilities(before, now string) (bool, error) {
	var values [2][]byte
	for i, file := range []string{before, now} {
		value, err := tree.Xattr(file, "security.capability")
		if err != nil && !errors.Is(err, unix.ENODATA) && !errors.Is(err, unix.ENOTSUP) {
			return false, err
		}
		values[i] = value
	}
	return !bytes.Equal(values[0], values[1]), nil
}
