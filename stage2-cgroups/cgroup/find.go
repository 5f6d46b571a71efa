package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/internal/threads"
)

// Find returns the group of a running container. The caller closes it.
func Find(parent, name string) (*Group, error) {
	tree, err := FindTree()
	if err != nil {
		return nil, err
	}
	missing := fmt.Errorf("no such container: %s: stage2 ps lists those that run", name)
	if !nameRule.MatchString(name) {
		return nil, missing
	}
	group, err := open(filepath.Join(tree.mount, parent, name))
	if err != nil {
		return nil, missing
	}
	if alive, err := group.Alive(); err != nil || !alive {
		group.Close()
		return nil, missing
	}
	return group, nil
}

// List returns the groups below parent that have a process in them: the tree itself is
// the list of what runs, so it cannot be wrong about that. The caller closes them.
func List(parent string) ([]*Group, error) {
	tree, err := FindTree()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(tree.mount, parent))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var running []*Group
	for _, entry := range entries {
		group, err := open(filepath.Join(tree.mount, parent, entry.Name()))
		if err != nil {
			continue // it has just gone
		}
		if alive, err := group.Alive(); err != nil || !alive { // or a file of the kernel's
			group.Close()
			continue
		}
		running = append(running, group)
	}
	return running, nil
}

// Name is the container's name.
func (g *Group) Name() string { return filepath.Base(g.Path) }

// A Door is the way into a group for a process that has to start others there from within the container's cgroup
// namespace. Into does not do for that: on a tree mounted with nsdelegate, as systemd mounts it, clone3(2) then says
// ENOENT, since the place that the caller comes from lies outside of that namespace.
type Door struct {
	in, out *os.File // cgroup.procs of the group, and of our own
}

// Door opens both files. What may be written through them was decided by where they were opened, not by where the
// writer is by then. Linux 5.16, and earlier with the mending of CVE-2021-4197.
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
	threads.Spare(runtime.GOMAXPROCS(0) + 2) // for Within
	return &Door{in, out}, nil
}

// Within calls f while this process, with all its threads, is in the group: what f starts is born there. f should be
// short. The group's limits hold for us too, and a Go program that is refused a new thread crashes: see Door.
func (d *Door) Within(f func() error) error {
	if err := move(d.in); err != nil {
		return fmt.Errorf("enter the container's cgroup: %w", err)
	}
	err := f()
	// If the group that we came from is gone we stay, and count as part of this one.
	_ = move(d.out)
	if errors.Is(err, unix.EAGAIN) {
		return fmt.Errorf("%w: the container is at its --pids-limit, or nearly so: to start a program takes about ten for an instant", err)
	}
	return err
}

// move has another thread of ours write to a cgroup.procs, which moves us all. The caller's may have given up
// rights by now, and whoever moves between cpusets threads that have more rights needs CAP_SYS_NICE: sched_setaffinity(2).
func move(procs *os.File) error {
	done := make(chan error)
	go func() {
		_, err := procs.WriteString("0") // 0: whoever writes
		done <- err
	}()
	return <-done
}

// Close closes the door.
func (d *Door) Close() {
	d.in.Close()
	d.out.Close()
}
