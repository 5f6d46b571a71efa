package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"drydock/internal/record"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
	"drydock/stage6-network/mode"
	"drydock/stage6-network/names"
	"drydock/stage6-network/network"
)

// chooseNetwork fills in what follows from the network that was asked for: whether the container has a network
// namespace of its own, its host name, and where its files are.
func (c *Config) chooseNetwork(store *record.Store) error {
	ref, isOthers := c.Network.Container()
	own := &c.Namespace
	if isOthers || c.Network == mode.Host {
		own.New = slices.DeleteFunc(slices.Clone(own.New), func(kind string) bool { return kind == namespace.Net })
	}
	if isOthers {
		return c.shareNetwork(store, ref)
	}
	if c.Network == mode.Host && own.Hostname == "" && own.New.Has(namespace.UTS) {
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		own.Hostname = name
	}
	return nil
}

// shareNetwork is for a container that has another's network, and so its name and files too.
func (c *Config) shareNetwork(store *record.Store, ref string) error {
	if c.Namespace.Hostname != "" {
		return fmt.Errorf("conflicting options: hostname and the network mode: the name is that of container %s", ref)
	}
	other, err := store.Find(ref)
	if err != nil {
		return fmt.Errorf("joining network namespace of container: %w", err)
	}
	var theirs Config
	if err := other.Get("config", &theirs); err != nil {
		return err
	}
	c.Network = mode.Mode("container:" + other.ID)
	if c.Namespace.New.Has(namespace.UTS) {
		c.Namespace.Hostname = theirs.Namespace.Hostname
	}
	c.Files, err = theirFiles(other, theirs, c.Root.ReadOnly)
	return err
}

// theirFiles are the files in which another container looks names up: its own, or what its user has mounted in their place.
func theirFiles(other record.Record, theirs Config, readOnly bool) ([]bind.Mount, error) {
	mounts, err := volume.Of(other)
	if err != nil {
		return nil, err
	}
	var files []bind.Mount
	for _, file := range theirs.Files {
		// One that a user has mounted, which must exist, stays as he wants it. Ours are as writable as this container is.
		file.ReadOnly = readOnly || file.MustExist && file.ReadOnly
		files = append(files, file)
	}
	for _, m := range mounts {
		if slices.ContainsFunc(names.Files(), func(name string) bool { return m.Target == "/etc/"+name }) {
			files = append(files, bind.Mount{Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly || readOnly, MustExist: true})
		}
	}
	return files, nil
}

// provideFiles has the container find its names in files of its folder, or those of the other container; but
// not where the user has mounted something.
func (c *Config) provideFiles(dir string, mounts []volume.Mount) {
	if _, isOthers := c.Network.Container(); !isOthers {
		for _, name := range names.Files() {
			c.Files = append(c.Files, bind.Mount{Source: dir + "/" + name, Target: "/etc/" + name, ReadOnly: c.Root.ReadOnly})
		}
	}
	for _, m := range mounts {
		c.Files = slices.DeleteFunc(c.Files, func(file bind.Mount) bool { return file.Target == m.Target })
	}
}

// openFiles opens what init is to inherit, in this order: what is to be mounted, the files that it looks names up
// in, and the network namespace that it is to join, if there is one.
func openFiles(store *record.Store, config order) ([]*os.File, error) {
	inherited, err := openMounts(config.Mounts)
	if err != nil {
		return nil, err
	}
	for _, m := range config.Files {
		file, failed := bind.Open(m)
		if err = errors.Join(err, failed); failed == nil {
			inherited = append(inherited, file)
		}
	}
	netns, failed := openNetwork(store, config.Config)
	if err = errors.Join(err, failed); err != nil {
		closeMounts(inherited)
		return nil, err
	}
	if netns != nil {
		inherited = append(inherited, netns)
	}
	return inherited, nil
}

// openNetwork opens the network namespace of the other container that has it, for init to join; or
// nothing.
func openNetwork(store *record.Store, config Config) (*os.File, error) {
	id, isOthers := config.Network.Container()
	if !isOthers {
		return nil, nil
	}
	other, err := store.Read(id)
	if err != nil {
		return nil, fmt.Errorf("joining network namespace of container: No such container: %s", id)
	}
	netns, err := network.Namespace(other.Init.Pid)
	// If it still lives, what was opened by its pid is its own.
	if !other.IsRunning() {
		if err == nil {
			netns.Close()
		}
		return nil, fmt.Errorf("cannot join network namespace of a non running container: container %s is %s: start it first", other.Name, other.State)
	}
	return netns, err
}
