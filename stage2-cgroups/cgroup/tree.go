package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// A Tree is the mounted cgroup v2 hierarchy.
type Tree struct {
	mount string              // where it is mounted
	v1    map[string][]string // where controllers are mounted that v1 has taken
}

// FindTree finds the hierarchy in the mount table, wherever it is mounted.
func FindTree() (Tree, error) {
	mounts, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup2", "cgroup"))
	if err != nil {
		return Tree{}, fmt.Errorf("read the mount table: %w", err)
	}
	return treeOf(mounts)
}

func treeOf(mounts []*mountinfo.Info) (Tree, error) {
	tree := Tree{v1: map[string][]string{}}
	for _, m := range mounts {
		switch {
		case m.FSType == "cgroup2" && tree.mount == "":
			tree.mount = m.Mountpoint
		case m.FSType == "cgroup":
			for _, controller := range strings.Split(m.VFSOptions, ",") {
				tree.v1[controller] = append(tree.v1[controller], m.Mountpoint)
			}
		}
	}
	if tree.mount == "" {
		return Tree{}, errors.New("cgroup v2 is not mounted: mount -t cgroup2 none /sys/fs/cgroup as root, or try it in the VM: make shell")
	}
	return tree, nil
}

// Group is a group by its path, whether it is there or not: Remove is fine with either.
func (t Tree) Group(path string) *Group { return &Group{Path: filepath.Join(t.mount, path)} }

// Controllers are those by which its groups can be limited.
func (t Tree) Controllers() ([]string, error) {
	return words(filepath.Join(t.mount, "cgroup.controllers"))
}

// own is the directory of the group that this process is in.
func own() (string, error) {
	tree, err := FindTree()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if path, isV2 := strings.CutPrefix(line, "0::"); isV2 { // the others are of v1
			return filepath.Join(tree.mount, strings.TrimSpace(path)), nil
		}
	}
	return "", errors.New("/proc/self/cgroup has no line of cgroup v2")
}

// meters are the controllers that measure something: groups get those that there are, limits or not.
var meters = []string{"cpu", "memory", "pids"}

// delegate makes the group parent, and has it and every group above it pass on the controllers that limits need. A
// controller works in a group only if each one above lists it in cgroup.subtree_control; and a group that passes on controllers
// may have no processes of its own, save the topmost ("no internal processes", cgroups(7)). So parent has none.
func (t Tree) delegate(parent string, limits Limits) error {
	level := t.mount
	for _, name := range strings.Split(filepath.Join("/", parent), "/") {
		level = filepath.Join(level, name)
		if _, err := os.Stat(level); err != nil {
			err := kernel.Mkdir("all our groups hang from one", level, 0o755)
			if err != nil && !errors.Is(err, fs.ErrExist) { // another run was faster
				return withRemedy(err)
			}
		}
		if err := t.passOn(level, limits); err != nil {
			return err
		}
	}
	return nil
}

// passOn adds to a group's cgroup.subtree_control what is missing there, in one write,
// which the kernel takes or refuses as a whole.
func (t Tree) passOn(group string, limits Limits) error {
	has, err := words(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return err
	}
	control := filepath.Join(group, "cgroup.subtree_control")
	passes, err := words(control)
	if err != nil {
		return err
	}
	wanted := slices.Clone(meters)
	for _, limit := range limits {
		if !slices.Contains(has, limit.controller()) {
			return t.missing(limit, group)
		}
		wanted = append(wanted, limit.controller())
	}
	add := ""
	for _, controller := range slices.Compact(slices.Sorted(slices.Values(wanted))) {
		if slices.Contains(has, controller) && !slices.Contains(passes, controller) {
			add += " +" + controller
		}
	}
	if add == "" {
		return nil
	}
	err = kernel.WriteFile("groups below get only the controllers named here", control, add[1:])
	if len(limits) == 0 {
		return nil // to measure is good, but nobody asked for it
	}
	return withRemedy(err)
}

// missing says where a controller is instead, and what to do.
func (t Tree) missing(limit Limit, group string) error {
	controller := limit.controller()
	where := group + " was not given it: ask whoever delegated that group"
	if mounts := t.v1[controller]; mounts != nil {
		where = "it sits in cgroup v1, at " + strings.Join(mounts, " and ") + ": boot with cgroup_no_v1=all"
	}
	return fmt.Errorf("%s needs the cgroup v2 controller %q, and %s, or try it in the VM: make shell", limit.File, controller, where)
}

// withRemedy adds what to do to an error of permission.
func withRemedy(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: this needs root: use sudo", err)
	case errors.Is(err, unix.EBUSY), errors.Is(err, unix.EOPNOTSUPP):
		return fmt.Errorf("%w: a group with processes of its own cannot limit groups below it: move them to one of those", err)
	case errors.Is(err, unix.EROFS):
		return fmt.Errorf("%w: in an ordinary container cgroups cannot be changed: try it in the VM: make shell", err)
	}
	return err
}

// words reads a file of the kernel that is a list.
func words(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	return strings.Fields(string(text)), err
}
