package main

import (
	"errors"

	"drydock/internal/cli"
	"drydock/internal/kernel"
	"drydock/internal/record"
	"drydock/internal/undo"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/usage"
	"drydock/stage3-unionfs/overlay"
	"drydock/stage4-images/image"
	"drydock/stage5-volumes/volume"
	"drydock/stage6-network/port"
)

// runContainer is the parent's side: it makes a container, starts it, waits for its end
// and returns its exit code.
func runContainer(c cli.Call) (code int, err error) {
	config, wishes, err := parseRun(c.Args, c.Stdout)
	if err != nil {
		return 125, err
	}
	if config.Explain {
		kernel.Explain = kernel.Print(c.Stderr)
	}

	images, err := image.Open(c.Root)
	if err != nil {
		return 125, err
	}
	imagesHeld, err := images.Hold()
	if err != nil {
		return 125, err
	}
	defer imagesHeld.Close()
	if wishes.declared, err = provide(images, &config); err != nil {
		return 125, err
	}
	store, err := record.Open(c.Root, "stage7")
	if err != nil {
		return 125, err
	}
	if err := config.complete(store, wishes.links, c.Stderr); err != nil {
		return 125, err
	}
	volumes, err := volume.Open(c.Root, store.List)
	if err != nil {
		return 125, err
	}
	defer func() { err = errors.Join(err, volumes.Sweep(config.ID)) }() // what goes with the container
	volumesHeld, err := volumes.Hold()
	if err != nil {
		return 125, err
	}
	defer volumesHeld.Close()
	mounts, err := wishes.grant(volumes, store, config.ID)
	if err != nil {
		return 125, err
	}
	config.provideFiles(store.Dir(config.ID), mounts)
	config.Overlay.Dir = store.Dir(config.ID)
	config.Root.Root = config.Overlay.Root()
	r := record.Record{ID: config.ID, Name: config.Name, Args: config.Program.Args, Keep: !config.Remove}
	if err := r.Put("config", config); err != nil {
		return 125, err
	}
	if err := volume.Note(&r, mounts); err != nil {
		return 125, err
	}
	if err := store.Create(r); err != nil {
		return 125, err
	}
	imagesHeld.Close() // from here on, the record says what is used
	volumesHeld.Close()
	return launch(c, store, order{config, mounts})
}

// launch runs a container that has a record, and notes its end there.
func launch(c cli.Call, store *record.Store, config order) (code int, err error) {
	ran := false
	defer func() { err = errors.Join(err, store.End(config.ID, code, ran)) }()

	held, err := port.Hold(config.Ports)
	if err != nil {
		return 125, err
	}
	defer held.Close() // nothing was written: there is nothing that could fail
	var cleanup undo.Stack
	if err := overlay.Prepare(config.Overlay); err != nil {
		return 125, err
	}
	group, err := cgroup.Create(config.Parent, config.ID, config.Limits)
	if err != nil {
		return 125, err
	}
	cleanup.Add(group.Remove)
	place, linked, err := reserve(c, store, config.Config)
	if err != nil {
		return 125, errors.Join(err, cleanup.Run())
	}
	config.Program.Env = below(linked, config.Program.Env)
	cleanup.Add(func() error { return disconnect(c.Root, place) })
	cmd := process.Command(config.Namespace.SysProcAttr())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	group.Into(cmd)
	inherited, err := openFiles(store, config)
	if err != nil {
		return 125, errors.Join(err, cleanup.Run())
	}
	cmd.ExtraFiles = inherited
	child, err := process.Start(cmd)
	closeMounts(inherited) // the child has them
	if err != nil {
		return 125, errors.Join(config.Namespace.Remedy(err), cleanup.Run())
	}
	cleanup.Add(child.Kill)

	if err := store.Run(config.ID, child.Pid()); err != nil {
		return 125, errors.Join(err, cleanup.Run())
	}
	if err := plug(child.Pid(), place, config.Ports); err != nil {
		return 125, errors.Join(err, cleanup.Run())
	}
	if err := child.Release(config); err != nil {
		return process.ExitCode(err), errors.Join(config.Namespace.Remedy(err), usage.OutOfMemory(group.Path), cleanup.Run())
	}
	ran = true
	if err := errors.Join(noteFilled(store, config), group.Started()); err != nil {
		return 125, errors.Join(err, cleanup.Run())
	}
	code, err = child.Wait()
	return code, errors.Join(err, usage.OutOfMemory(group.Path), cleanup.Run())
}
