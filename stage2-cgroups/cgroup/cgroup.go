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
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

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

// Limits are what the kernel is told about a group, in the order of writing. Flags of any kind produce such lines.
type Limits []Limit

// Put adds a line, in place of an earlier one for the same file.
func (l *Limits) Put(file, value string) {
	*l = append(slices.DeleteFunc(*l, func(line Limit) bool { return line.File == file }), Limit{file, value})
}

// A Group is one container's cgroup. The process that made it holds a lock on its
// directory as long as it lives: an exclusive one until the container has started, then
// a shared one. So others tell a group that is being made from one in use, and both from
// one that was left behind, which nobody locks.
type Group struct {
	Path string // its directory
	dir  *os.File
}

// nameRule is Docker's rule for the names of containers.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// Create makes the group called name below parent (a path in the hierarchy, such as /drydock) and sets its limits. If that
// fails, nothing of the group is left.
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

// claim makes and locks the directory of a new group, after a sweep. The parent is locked
// meanwhile: or another run could sweep our directory away before we have locked it.
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
	if err == nil {
		err = group.lock(unix.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("claim %s: %w", path, err), removeTree(path))
	}
	return group, nil
}

// open opens the directory of a group.
func open(path string) (*Group, error) {
	dir, err := os.Open(path)
	return &Group{Path: path, dir: dir}, err
}

// lock is flock(2): until the directory is closed, which the end of the process does.
func (g *Group) lock(how int) error {
	return os.NewSyscallError("lock "+g.Path, unix.Flock(int(g.dir.Fd()), how))
}

// Started says that the container's first process has become the user's program.
func (g *Group) Started() error { return g.lock(unix.LOCK_SH) }

// AwaitStarted waits until it has, or will not. Until then it may still see the host's files.
func (g *Group) AwaitStarted() error { return g.lock(unix.LOCK_SH) }

// Set writes limits to the group. The first one that the kernel refuses is the error; those before it hold.
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

// Into has cmd's process be born in the group, by CLONE_INTO_CGROUP of clone3(2): there is no instant at
// which it runs without the limits. If it also gets a new cgroup namespace, the group is the root of that. Linux 5.7.
func (g *Group) Into(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.UseCgroupFD = true
	cmd.SysProcAttr.CgroupFD = int(g.dir.Fd())
}

// Close lets go of the group's directory, and of the lock that Create took.
func (g *Group) Close() { g.dir.Close() }

// Remove removes the group with those below it, and kills what may still run in them. One that is already gone is fine.
func (g *Group) Remove() error {
	defer g.Close()
	err := removeTree(g.Path)
	if errors.Is(err, unix.EBUSY) {
		if err = g.Kill(); err == nil {
			err = removeTree(g.Path)
		}
	}
	return err
}

// removeTree removes a group and, before it, those below.
func removeTree(path string) error {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, removeTree(filepath.Join(path, entry.Name())))
		}
	}
	err = errors.Join(err, kernel.Rmdir("an empty group is removed like an empty directory", path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// mark is an extended attribute of a parent below which all groups are ours. xattr(7).
const mark = "trusted.drydock"

// sweep removes the groups below a parent of ours that nobody locks: their run was killed. It does not wait for long, and of hundreds
// it looks at 16: the next one looks at others. A parent that somebody else had filled before is left alone.
func sweep(parent string) {
	_, foreign := unix.Getxattr(parent, mark, nil)
	entries, _ := os.ReadDir(parent) // if there is an error, claim will meet it too
	groups := slices.DeleteFunc(entries, func(entry fs.DirEntry) bool { return !entry.IsDir() })
	if foreign != nil && len(groups) > 0 {
		return
	}
	rand.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	for _, entry := range groups[:min(len(groups), 16)] {
		group, err := open(filepath.Join(parent, entry.Name()))
		if err == nil && group.lock(unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = errors.Join(group.kill(time.Second), removeTree(group.Path))
		}
		group.Close()
	}
	_ = unix.Setxattr(parent, mark, nil, 0) // without it, nothing is ever swept
}
