package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
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
func (g *Group) Name() string {
	return filepath.Base(g.Path)
}
