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

const rmHelp = `Usage: stage7 rm [FLAG…] CONTAINER…

Remove containers that have ended, with all that they have changed.

`

// A removal is how containers are to be removed.
type removal struct {
	containers         *record.Store
	volumes            *volume.Store
	force, withVolumes bool
}

func removeContainers(c cli.Call) (int, error) {
	var r removal
	table := []flags.Flag{
		{Name: "force", Short: "f", Value: flags.Bool{To: &r.force}, Usage: "kill a container that runs first"},
		{Name: "volumes", Short: "v", Value: flags.Bool{To: &r.withVolumes}, Usage: "remove its anonymous volumes too"},
	}
	refs, err := flags.Arguments(table, c.Args, 1, math.MaxInt, rmHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	if r.containers, err = record.Open(c.Root, "stage7"); err != nil {
		return 125, err
	}
	if r.volumes, err = volume.Open(c.Root, r.containers.List); err != nil {
		return 125, err
	}
	code, err := c.Each(refs, r.remove)
	return code, errors.Join(err, sweepNetwork(c.Root, r.containers))
}

// remove removes a container. Whatever may refuse comes first. What becomes of its volumes is
// settled before the record goes: whoever is killed in between leaves a container, whose next rm
// settles it anew; and once the record is gone, nobody knows any more whose volumes they were.
// Those of a container that was run with --rm go in any case.
func (r removal) remove(ref string) error {
	container, err := r.containers.Find(ref)
	if err != nil {
		return err
	}
	if err := r.containers.Mine(container, "rm"); err != nil {
		return err
	}
	if r.force {
		err = kill(container)
	} else {
		err = container.Removable()
	}
	if err != nil {
		return err
	}
	if err := r.volumes.Settle(container, container.Keep && !r.withVolumes); err != nil {
		return err
	}
	if err := r.containers.Remove(container.ID, r.force); err != nil {
		return err
	}
	return r.volumes.Sweep(container.ID)
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
