// Package cgroup puts limits on a container: memory, CPU time, number of processes.
//
// The problem: namespaces change what a process sees, not what it takes. One
// container that allocates without end, or forks without end, takes the machine
// down with all the others.
//
// The kernel feature: control groups, version 2. A cgroup is a directory in a file
// system that the kernel makes up. mkdir makes a group, and the files in it are
// its settings and meters. A process is in exactly one group, its children are
// born in the same, and a limit holds for all of them together:
//
//	mkdir /sys/fs/cgroup/drydock/web
//	echo 64M >/sys/fs/cgroup/drydock/web/memory.max
//	echo $pid >/sys/fs/cgroup/drydock/web/cgroup.procs
//
// The last line comes too late for a container, which could have forked before it:
// here the first process is born in its group (Into).
//
// To read: cgroups(7), Documentation/admin-guide/cgroup-v2.rst.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// A Limit is one value in one file of a group, such as 512 in pids.max. The file's
// name up to the dot is the controller that makes it.
type Limit struct {
	File  string
	Value string
}

// controller is the part of the kernel that the limit is for: memory, cpu, pids, …
func (l Limit) controller() string {
	name, _, _ := strings.Cut(l.File, ".")
	return name
}

// Limits are what the kernel is told about a group, in the order of writing. Flags
// of any kind only ever produce such lines.
type Limits []Limit

// Put adds a line, in place of an earlier one for the same file. "max", no limit, is
// what a new group has anyway, and adds none.
func (l *Limits) Put(file, value string) {
	*l = slices.DeleteFunc(*l, func(line Limit) bool { return line.File == file })
	if value != "max" {
		*l = append(*l, Limit{file, value})
	}
}

// A Group is one container's cgroup. While the caller of Create lives, it holds a
// lock on the directory: so others tell a group in use from one left behind.
type Group struct {
	Path string // its directory
	dir  *os.File
}

// nameRule is Docker's rule for the names of containers.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// Create makes the group called name below parent (a path in the hierarchy, such
// as /drydock) and sets its limits. If that fails, nothing of the group is left.
func Create(parent, name string, limits Limits) (*Group, error) {
	if !nameRule.MatchString(name) {
		return nil, fmt.Errorf("invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	tree, err := FindTree()
	if err != nil {
		return nil, err
	}
	if err := tree.delegate(parent, limits); err != nil {
		return nil, err
	}
	group, err := claim(filepath.Join(tree.mount, parent), name)
	if err != nil {
		return nil, err
	}
	if err := group.Set(limits); err != nil {
		return nil, errors.Join(err, group.Remove())
	}
	return group, nil
}

// claim makes and locks the directory of a new group, after those that others have
// left behind are gone. The parent's lock keeps a claim that goes on at the same time
// from taking our directory for one of them while it is not locked yet.
func claim(parent, name string) (*Group, error) {
	all, err := open(parent)
	if err != nil {
		return nil, err
	}
	defer all.Close()
	if err := all.lock(unix.LOCK_EX); err != nil {
		return nil, err
	}
	sweep(parent)
	path := filepath.Join(parent, name)
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("the container name %q is the name of a file of the kernel's in %s: choose another", name, parent)
	}
	err = kernel.Mkdir("a cgroup is a directory", path, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("the container name %q is already in use: choose another, or kill that container first", name)
	} else if err != nil {
		return nil, withRemedy(err)
	}
	group, err := open(path)
	if err != nil {
		return nil, err
	}
	return group, group.lock(unix.LOCK_SH)
}

// open opens the directory of a group.
func open(path string) (*Group, error) {
	dir, err := os.Open(path)
	return &Group{Path: path, dir: dir}, err
}

// lock is flock(2): until the directory is closed, which the end of the process does.
func (g *Group) lock(how int) error {
	if err := unix.Flock(int(g.dir.Fd()), how); err != nil {
		return fmt.Errorf("lock %s: %w", g.Path, err)
	}
	return nil
}

// Set writes limits to the group, now or while it runs. The first one that the kernel
// refuses is the error; those before it hold.
func (g *Group) Set(limits Limits) error {
	for _, limit := range limits {
		if err := g.write("a limit is a value in a file", limit.File, limit.Value); err != nil {
			return err
		}
	}
	return nil
}

func (g *Group) write(why, file, value string) error {
	return kernel.WriteFile(why, filepath.Join(g.Path, file), value)
}

// Into has cmd's process be born in the group, by CLONE_INTO_CGROUP of clone3(2):
// there is no instant at which it runs without the limits. If it also gets a new
// cgroup namespace, the group is the root of that. Linux 5.7.
func (g *Group) Into(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.UseCgroupFD = true
	cmd.SysProcAttr.CgroupFD = int(g.dir.Fd())
}

// A Door is the way into a group for a process that has to start others there from
// within the container's cgroup namespace. Into does not do for that: on a tree mounted
// with nsdelegate, as systemd mounts it, clone3(2) then says ENOENT, since the place that
// the caller comes from lies outside of that namespace.
type Door struct {
	in, out *os.File // cgroup.procs of the group, and of our own
}

// Door opens both files. What may be written through them was decided by where they
// were opened, not by where the writer is by then. Linux 5.16, and earlier with the
// mending of CVE-2021-4197.
func (g *Group) Door() (*Door, error) {
	home, err := own()
	if err != nil {
		return nil, err
	}
	in, err := os.OpenFile(filepath.Join(g.Path, "cgroup.procs"), os.O_WRONLY, 0)
	if err != nil {
		return nil, withRemedy(err)
	}
	out, err := os.OpenFile(filepath.Join(home, "cgroup.procs"), os.O_WRONLY, 0)
	if err != nil {
		in.Close()
		return nil, withRemedy(err)
	}
	return &Door{in, out}, nil
}

// Within calls f while this process, with all its threads, is in the group: what f
// starts is born there. f should be short. The group's limits hold for us too, and a Go
// program that is refused a new thread crashes.
func (d *Door) Within(f func() error) (err error) {
	if _, err := d.in.WriteString("0"); err != nil { // 0: whoever writes
		return fmt.Errorf("enter the container's cgroup: %w", err)
	}
	defer func() {
		if _, left := d.out.WriteString("0"); left != nil {
			err = errors.Join(err, fmt.Errorf("leave the container's cgroup: %w", left))
		}
	}()
	return f()
}

// Close closes the door.
func (d *Door) Close() {
	d.in.Close()
	d.out.Close()
}

// Close lets go of the group's directory, and of the lock that Create took.
func (g *Group) Close() {
	g.dir.Close()
}

// Remove removes the group, and kills what may still run in it. A group that is
// already gone is fine.
func (g *Group) Remove() error {
	defer g.Close()
	err := g.rmdir()
	if errors.Is(err, unix.EBUSY) {
		err = errors.Join(g.Kill(), g.rmdir())
	}
	return err
}

func (g *Group) rmdir() error {
	err := kernel.Rmdir("an empty group is removed like an empty directory", g.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// sweep removes the groups below dir that a run left which was killed: their
// directory is locked by nobody. What cannot be removed is left for the next sweep.
func sweep(dir string) {
	entries, _ := os.ReadDir(dir) // if there is an error, Create will meet it too
	for _, entry := range entries {
		group, err := open(filepath.Join(dir, entry.Name()))
		if err != nil {
			continue // it has just gone
		}
		if !entry.IsDir() || group.lock(unix.LOCK_EX|unix.LOCK_NB) != nil {
			group.Close() // a file of the kernel's, or in use
			continue
		}
		_ = group.Remove() // see above
	}
}
