package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/final/cp"
	"drydock/final/mounts"
	"drydock/final/mounts/attach"
	"drydock/final/mounts/point"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/internal/record"
	"drydock/stage3-unionfs/overlay"
)

// OpenRoot opens a container's root directory: with its volumes, as its programs see it; or bare, without whatever else is mounted. Of one that
// does not run, the root is mounted for whoever calls alone, and no more when it is closed.
func (e *Engine) OpenRoot(r record.Record, bare bool) (Root, error) {
	held, err := e.hold(r)
	if err != nil {
		return Root{}, err
	}
	open := e.mountRoot
	if r, err = e.Containers.Read(r.ID); r.IsRunning() { // and is in its own root by now
		open = openRoot
	}
	var root *os.File
	if err == nil {
		root, err = open(r, bare)
	}
	if err != nil {
		return Root{}, errors.Join(err, held.Close())
	}
	return Root{root, held}, nil
}

// openRoot opens that of a container that runs.
func openRoot(r record.Record, bare bool) (*os.File, error) {
	name, open := "root", func(file *os.File) (*os.File, error) { return file, nil }
	if bare {
		name, open = "ns/mnt", func(file *os.File) (*os.File, error) {
			defer file.Close()
			return cp.Bare(file)
		}
	}
	flags := unix.O_CLOEXEC
	if !bare {
		flags |= unix.O_PATH | unix.O_DIRECTORY
	}
	file, err := os.OpenFile(fmt.Sprintf("/proc/%d/%s", r.Init.Pid, name), flags, 0)
	if err != nil {
		return nil, err
	}
	if !r.IsRunning() { // what was opened may be another's
		return nil, errors.Join(NotRunning{r.ID}, file.Close())
	}
	return open(file)
}

// mountRoot mounts the root directory of a container that does not run, where nobody else sees it.
func (e *Engine) mountRoot(r record.Record, bare bool) (root *os.File, err error) {
	c, err := container.Of(r)
	if err != nil {
		return nil, err
	}
	points, err := point.Of(r)
	if err != nil {
		return nil, err
	}
	points = slices.DeleteFunc(point.Mounted(points), func(p point.Point) bool { return bare || p.Type == mounts.Tmpfs }) // which would be empty
	driver, err := e.driver(c.Storage)
	if err != nil {
		return nil, err
	}
	if err := driver.Prepare(c.Overlay); err != nil {
		return nil, err
	}
	trees, err := attach.Open(points)
	if err != nil {
		return nil, err
	}
	defer attach.Close(trees)
	err = alone.Call(func() error {
		if err := driver.Mount(c.Overlay); err != nil {
			return err
		}
		if err := kernel.Chroot("paths are the container's", driver.Root(c.Overlay)); err != nil {
			return err
		}
		if err := os.Chdir("/"); err != nil {
			return err
		}
		for i, p := range points {
			if err := attach.Attach([]point.Point{p}, int(trees[i].Fd())); err != nil {
				return err
			}
		}
		root, err = detach(c.Root.ReadOnly)
		return err
	})
	return root, err
}

// detach copies the mount of the caller's root directory, with all that is mounted below, to one that is attached nowhere. open_tree(2),
// mount_setattr(2), Linux 5.12.
func detach(readOnly bool) (*os.File, error) {
	fd, err := kernel.OpenTree("it is to outlive this thread", unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return nil, err
	}
	root := os.NewFile(uintptr(fd), "/")
	if readOnly {
		if err := kernel.MountSetattr("what the container cannot change, nobody does", fd, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
			return nil, errors.Join(err, root.Close())
		}
	}
	return root, nil
}

// FindUser looks a user up in a root directory that is open.
func FindUser(root *os.File, c container.Config) (u container.User, err error) {
	err = alone.Thread(func() error {
		if err := kernel.Unshare("the root directory is this thread's own", unix.CLONE_FS); err != nil {
			return err
		}
		if err := unix.Fchdir(int(root.Fd())); err != nil {
			return os.NewSyscallError("fchdir", err)
		}
		if err := kernel.Chroot("its files say who its users are", "."); err != nil {
			return err
		}
		u, err = c.Find(c.User)
		return err
	})
	return u, err
}

// Changes are what a container has changed in its image's files.
func (e *Engine) Changes(r record.Record) ([]overlay.Change, error) {
	c, err := container.Of(r)
	if err != nil {
		return nil, err
	}
	driver, err := e.driver(c.Storage)
	if err != nil {
		return nil, err
	}
	if _, err := os.Lstat(c.Overlay.Upper()); errors.Is(err, fs.ErrNotExist) && driver.Name() == "overlay" {
		return nil, nil // it was never started
	}
	changes, err := driver.Changes(c.Overlay)
	return withoutOurs(changes, c), err
}

// withoutOurs leaves out what we have put there, and not the container: the places for the files in which it looks names up, and the
// directories of these, if nothing else is new in them.
func withoutOurs(changes []overlay.Change, c container.Config) []overlay.Change {
	places := []string{Reaper}
	for _, file := range c.Files {
		places = append(places, file.Target)
	}
	for _, place := range places {
		changes = slices.DeleteFunc(changes, func(change overlay.Change) bool { return change.Kind == 'A' && change.Path == place })
		dir := path.Dir(place)
		if !slices.ContainsFunc(changes, func(change overlay.Change) bool { return strings.HasPrefix(change.Path, dir+"/") }) {
			changes = slices.DeleteFunc(changes, func(change overlay.Change) bool { return change.Path == dir && change.Kind != 'D' })
		}
	}
	return changes
}

// Cgroup is the directory of a container's cgroup. It must run.
func (e *Engine) Cgroup(r record.Record) (string, error) {
	group, err := e.group(r)
	if err != nil {
		return "", err
	}
	defer group.Close()
	return group.Path, nil
}

// Processes are the pids of a container's processes: those of its cgroup, and of such as it has made below that.
func (e *Engine) Processes(r record.Record) (pids []int, err error) {
	top, err := e.Cgroup(r)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(top, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, word := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				return err
			}
			pids = append(pids, pid)
		}
		return err
	})
	return pids, err
}
