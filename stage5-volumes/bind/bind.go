// Package bind shows a directory or a file of the host at a place in a container.
//
// The problem: a container has a root of its own, and is to see one thing of the host in it. By
// a path that the host knows, at a path that the container's files have a say in: its /data
// may be a link to ../../etc, and that is not to become the host's.
//
// The kernel feature: a bind mount shows a part of a file system at a second place. mount(2)
// wants both places by their paths, from a process that sees both. Since Linux 5.2 there are
// two halves. open_tree(2) copies a mount that then is nowhere but in a file descriptor:
// the parent does that, with the host's paths. move_mount(2) attaches it: init does that, after
// pivot_root, when there is nothing of the host left that a path could lead to.
//
// In a shell: mount --rbind SOURCE ROOT/TARGET; mount --make-rprivate ROOT/TARGET; mount -o
// remount,bind,ro=recursive ROOT/TARGET, before pivot_root and with all its danger. (util-linux
// before 2.39 takes "ro=recursive", and leaves everything writable.)
//
// To read: open_tree(2), move_mount(2), mount_setattr(2), openat2(2), mount_namespaces(7).
package bind

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// A Mount is what is to be seen of the host, and where.
type Mount struct {
	Source   string // a directory or file of the host, as an absolute path
	Target   string // an absolute path in the container
	ReadOnly bool

	MustExist bool `json:",omitempty"` // a source that is missing is an error, and not made

	// What this stage leaves at its usual value, and drydock does not.
	Propagation   string `json:",omitempty"` // a word of Propagations; rprivate if empty
	NonRecursive  bool   `json:",omitempty"` // without what is mounted below Source
	WritableBelow bool   `json:",omitempty"` // ReadOnly is not about what is mounted below Source
}

// Open copies the mount that m.Source is in, from there on down, with all that is mounted below.
// The copy is attached nowhere; to close it is to unmount it. What is mounted on the host
// afterwards does not show up in it, nor the other way round, unless m.Propagation wants it. A
// source that is missing is made, as docker run -v does: a directory, 0755 but for the umask.
// Linux 5.12.
func Open(m Mount) (*os.File, error) {
	if _, err := os.Stat(m.Source); errors.Is(err, fs.ErrNotExist) && !m.MustExist {
		if err := kernel.MkdirAll("what is missing on the host is made, and is a directory", m.Source, 0o755); err != nil {
			return nil, fmt.Errorf("error while creating mount source path '%s': %w: make it yourself, or give another", m.Source, err)
		}
	}
	recursive := uint(unix.AT_RECURSIVE)
	if m.NonRecursive {
		recursive = 0
	}
	fd, err := kernel.OpenTree("a bind mount is a copy of a mount: this one is nowhere yet, and only we have it",
		unix.AT_FDCWD, m.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|recursive)
	if err != nil {
		return nil, err
	}
	tree := os.NewFile(uintptr(fd), m.Source)
	for _, c := range m.changes() {
		if err := kernel.MountSetattr(c.why, fd, "", unix.AT_EMPTY_PATH|c.recursive, &c.attr); err != nil {
			return nil, errors.Join(fmt.Errorf("mount %s: %w", m.Source, err), tree.Close())
		}
	}
	return tree, nil
}

// Propagations are what becomes of the mounts of a copy: of all, and then of the topmost. A copy
// of a shared mount is its peer: what is mounted on one is mounted on the other. A slave takes
// from its peers and gives nothing, a private mount has none: mount_namespaces(7).
var Propagations = map[string]struct{ All, Top uint64 }{
	"rprivate": {All: unix.MS_PRIVATE},
	"private":  {All: unix.MS_SLAVE, Top: unix.MS_PRIVATE},
	"rslave":   {All: unix.MS_SLAVE},
	"slave":    {All: unix.MS_SLAVE},
	"rshared":  {All: unix.MS_SHARED},
	"shared":   {Top: unix.MS_SHARED},
}

// A change is a call of mount_setattr(2).
type change struct {
	why       string
	recursive uint
	attr      unix.MountAttr
}

// changes are what makes of a copy what m says: first of all its mounts, then of the topmost.
func (m Mount) changes() []change {
	modes := Propagations[cmp.Or(m.Propagation, "rprivate")]
	all := change{"what is mounted in there stays in there", unix.AT_RECURSIVE, unix.MountAttr{Propagation: modes.All}}
	if modes.All != unix.MS_PRIVATE {
		all.why = "what is mounted in there later is as " + m.Propagation + " says"
	}
	top := change{"the topmost mount is an exception", 0, unix.MountAttr{Propagation: modes.Top}}
	if m.ReadOnly && m.WritableBelow {
		top.attr.Attr_set = unix.MOUNT_ATTR_RDONLY
	} else if m.ReadOnly {
		all.why, all.attr.Attr_set = all.why+", and nobody writes to it, nor to a mount below it", unix.MOUNT_ATTR_RDONLY
	}
	return slices.DeleteFunc([]change{all, top}, func(c change) bool { return c.attr == unix.MountAttr{} })
}

// Attach attaches what Open has returned, by now the descriptor fd, at m.Target: for init, when
// the container's root is its own. A place that is missing is made: a directory for a directory,
// an empty file for a file. Where one mount lies on another, the lower comes first.
func Attach(m Mount, fd int) error {
	if err := attach(m.Target, fd); err != nil {
		return fmt.Errorf("mount %s on %s: %w", m.Source, m.Target, err)
	}
	return nil
}

func attach(target string, fd int) error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(root)
	var source unix.Stat_t
	if err := unix.Fstat(fd, &source); err != nil {
		return err
	}
	isDir := source.Mode&unix.S_IFMT == unix.S_IFDIR
	place, err := makePlace(root, target, isDir)
	if err != nil {
		return err
	}
	defer unix.Close(place)
	if err := check(root, place, isDir); err != nil {
		return err
	}
	return kernel.MoveMount("the copy gets its place: no path is looked up any more",
		fd, "", place, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
}

// check refuses a place that cannot be, wherever a link may have led.
func check(root, place int, wantDir bool) error {
	var there, top unix.Stat_t
	if err := errors.Join(refuseProc(place), unix.Fstat(place, &there), unix.Fstat(root, &top)); err != nil {
		return err
	}
	isDir := there.Mode&unix.S_IFMT == unix.S_IFDIR
	switch {
	case there.Dev == top.Dev && there.Ino == top.Ino:
		return errors.New("this is the container's root directory: choose a directory in it")
	case isDir && !wantDir:
		return errors.New("not a directory: a file cannot be mounted on a directory: name a file")
	case !isDir && wantDir:
		return errors.New("not a directory: a directory cannot be mounted on a file: name a directory")
	}
	return nil
}

func refuseProc(place int) error {
	var fs unix.Statfs_t
	err := unix.Fstatfs(place, &fs)
	if err == nil && fs.Type == unix.PROC_SUPER_MAGIC {
		err = errors.New("programs believe what they read in /proc: choose another place")
	}
	return err
}

// makePlace opens what is at target, and makes it if it is missing, with the directories above.
func makePlace(root int, target string, isDir bool) (int, error) {
	place, err := Resolve(root, target)
	if errors.Is(err, unix.ELOOP) {
		return -1, errors.New("its links go round in a circle, or lead to an open file: choose another place")
	} else if !errors.Is(err, unix.ENOENT) {
		return place, err
	}
	above, name := split(target)
	dir, err := makePlace(root, above, true)
	if err != nil {
		return -1, err
	}
	defer unix.Close(dir)
	if err := refuseProc(dir); err != nil {
		return -1, err
	}
	if isDir {
		err = kernel.Mkdirat("a mount needs a directory to lie on", dir, name, 0o755)
	} else {
		err = kernel.Mknodat("a file needs a file to lie on", dir, name, unix.S_IFREG|0o644)
	}
	switch {
	case errors.Is(err, unix.EEXIST): // so it is a link, to what is missing
		return makePlace(root, destination(dir, target), isDir)
	case err != nil:
		return -1, err
	}
	return Resolve(root, target)
}

// split splits a path before its last name. Unlike path.Dir it does not take "a/.." for
// nothing: what that is depends on what a is, and the kernel is to see it.
func split(target string) (above, name string) {
	return path.Split(strings.TrimRight(target, "/"))
}

// destination returns where the link at target, in the open directory dir, leads to.
func destination(dir int, target string) string {
	above, name := split(target)
	buffer := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(dir, name, buffer)
	if err != nil {
		return target // it has just become something else
	}
	link := string(buffer[:n])
	if path.IsAbs(link) {
		return link
	}
	return above + link
}

// attempts is how often a path is looked up that changes on the way.
const attempts = 100

// Resolve opens what is at a path, in the way that a process does whose root directory is the
// open directory root: links and ".." lead nowhere else. Linux 5.6.
func Resolve(root int, target string) (fd int, err error) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	for range attempts {
		fd, err = kernel.Openat2("the path is the container's: its links lead to nothing outside", root, target, &how)
		if !errors.Is(err, unix.EAGAIN) { // a directory was moved meanwhile: openat2(2)
			break
		}
	}
	return fd, err
}
