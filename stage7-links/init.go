package main

import (
	"slices"

	"drydock/internal/cli"
	"drydock/internal/cover"
	"drydock/internal/kernel"
	"drydock/stage1-namespaces/capability"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage1-namespaces/rootfs"
	"drydock/stage3-unionfs/overlay"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/fill"
	"drydock/stage5-volumes/volume"
	"drydock/stage6-network/network"
)

// An order is what the parent sends to init.
type order struct {
	Config
	Mounts []volume.Mount
}

// protects says whether the container has something that it may not write to. Then it may not
// mount either: it would mount the same again, writable.
func (o order) protects() bool {
	return o.Root.ReadOnly || slices.ContainsFunc(o.Mounts, func(m volume.Mount) bool { return m.ReadOnly }) || slices.ContainsFunc(o.Files, func(f bind.Mount) bool { return f.ReadOnly })
}

// becomeContainer is the child's side. It runs as the first process of the new
// namespaces, blocks until the parent has sent the configuration, and turns itself
// into the user's program. It returns only if that fails.
func becomeContainer(cli.Call) (int, error) {
	cover.Open()
	var config order
	parent, err := process.Receive(&config)
	if err != nil {
		return 125, err
	}
	if config.Explain {
		kernel.Explain = func(s kernel.Step) { s.Who = "init"; parent.Step(s) }
	}
	parent.Fail(initialise(config, parent)) // who prints it: stderr may be the container's
	return 125, nil
}

// initialise changes what this process sees, step by step, and executes the
// program. The order matters: what needs the host's files comes before Enter.
func initialise(config order, parent *process.Reporter) error {
	if config.Namespace.New.Has(namespace.UTS) {
		if err := kernel.Sethostname("the host keeps its name, this is another table", config.Namespace.Hostname); err != nil {
			return err
		}
	}
	if _, isOthers := config.Network.Container(); isOthers {
		if err := network.Join(process.FirstFile + len(config.Mounts) + len(config.Files)); err != nil {
			return err
		}
	}
	if config.Namespace.New.Has(namespace.Net) {
		if err := namespace.LoopbackUp(); err != nil {
			return err
		}
	}
	if err := rootfs.Isolate(config.Root); err != nil {
		return err
	}
	if err := overlay.Mount(config.Overlay); err != nil {
		return err
	}
	for _, m := range config.Mounts {
		if err := fill.Volume(m, config.Root.Root); err != nil {
			return err
		}
	}
	if err := rootfs.Enter(config.Root); err != nil {
		return err
	}
	for i, m := range config.Mounts {
		if err := bind.Attach(m.Mount, process.FirstFile+i); err != nil {
			return err
		}
	}
	for i, file := range config.Files {
		if err := bind.Attach(file, process.FirstFile+len(config.Mounts)+i); err != nil {
			return err
		}
	}
	if err := rootfs.Seal(config.Root); err != nil {
		return err
	}
	if config.protects() {
		if err := capability.GiveUp(capability.Mount); err != nil {
			return err
		}
	}
	return parent.Become(config.Program)
}
