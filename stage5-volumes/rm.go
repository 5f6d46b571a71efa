package main

import (
	"errors"
	"math"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage5-volumes/volume"
)

const rmHelp = `Usage: stage5 rm [FLAG…] CONTAINER…

Remove containers that have ended, with all that they have changed.

`

func removeContainers(c cli.Call) (int, error) {
	var force, withVolumes bool
	table := []flags.Flag{
		{Name: "force", Short: "f", Value: flags.Bool{To: &force}, Usage: "kill a container that runs first"},
		{Name: "volumes", Short: "v", Value: flags.Bool{To: &withVolumes}, Usage: "remove its anonymous volumes too"},
	}
	refs, err := flags.Arguments(table, c.Args, 1, math.MaxInt, rmHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	store, err := record.Open(c.Root, "stage5")
	if err != nil {
		return 125, err
	}
	volumes, err := volume.Open(c.Root, store.List)
	if err != nil {
		return 125, err
	}
	code, err := c.Each(refs, func(ref string) error {
		if !withVolumes {
			if err := keepVolumes(volumes, store, ref, force); err != nil {
				return err
			}
		}
		return remove(store, ref, force)
	})
	return code, errors.Join(err, volumes.Sweep())
}

// keepVolumes has the anonymous volumes of a container stay that is about to be removed; those
// of one that was run with --rm go in any case.
func keepVolumes(volumes *volume.Store, store *record.Store, ref string, force bool) error {
	r, err := store.Find(ref)
	if err != nil || !r.Keep || r.IsRunning() && !force {
		return err
	}
	mounts, err := volume.Of(r)
	if err != nil {
		return err
	}
	return volumes.Release(mounts)
}

func remove(store *record.Store, ref string, force bool) error {
	r, err := store.Find(ref)
	if err != nil {
		return err
	}
	if err := store.Mine(r, "rm"); err != nil {
		return err
	}
	if force {
		if err := kill(r); err != nil {
			return err
		}
	}
	return store.Remove(r.ID, force)
}

// kill ends whatever is in a container's group, if there is one.
func kill(r record.Record) error {
	var config Config
	if err := r.Get("config", &config); err != nil {
		return err
	}
	group, err := cgroup.Find(config.Parent, r.ID)
	if err != nil {
		return nil //nolint:nilerr // nothing runs there
	}
	return group.Remove()
}
