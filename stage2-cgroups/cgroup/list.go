package cgroup

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
// the list of what runs, so it cannot be wrong about that.
func List(parent string) ([]*Group, error) {
	tree, err := FindTree()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(tree.mount, parent))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var running []*Group
	for _, entry := range entries {
		group := &Group{Path: filepath.Join(tree.mount, parent, entry.Name())}
		if alive, err := group.Alive(); err == nil && alive { // else a file, or just gone
			running = append(running, group)
		}
	}
	return running, nil
}

// Name is the container's name.
func (g *Group) Name() string {
	return filepath.Base(g.Path)
}

// Processes returns the pids of the group's processes on the host, the oldest first:
// that is the container's first process as long as it lives.
func (g *Group) Processes() ([]int, error) {
	lines, err := words(filepath.Join(g.Path, "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	var pids []int
	born := map[int]int{}
	for _, line := range lines {
		pid, err := strconv.Atoi(line)
		if err != nil {
			return nil, fmt.Errorf("%s/cgroup.procs: %w", g.Path, err)
		}
		pids = append(pids, pid)
		born[pid] = startTime(pid)
	}
	slices.SortFunc(pids, func(a, b int) int {
		return cmp.Or(cmp.Compare(born[a], born[b]), cmp.Compare(a, b))
	})
	return pids, nil
}

// startTime is when a process was started, in clock ticks since boot: the 22nd field of
// its line in proc_pid_stat(5). For a process that is gone it is later than any.
func startTime(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return math.MaxInt
	}
	// The second field is the program's name in parentheses, whatever is in it.
	after := string(text[bytes.LastIndexByte(text, ')')+1:])
	ticks, err := strconv.Atoi(strings.Fields(after)[22-3])
	if err != nil {
		return math.MaxInt
	}
	return ticks
}
