package main

import (
	"math"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage2-cgroups/cgroup"
)

const rmHelp = `Usage: stage4 rm [FLAG…] CONTAINER…

Remove containers that have ended, with all that they have changed.

`

func removeContainers(c cli.Call) (int, error) {
	var force bool
	table := []flags.Flag{{Name: "force", Short: "f", Value: flags.Bool{To: &force}, Usage: "kill a container that runs first"}}
	refs, err := flags.Arguments(table, c.Args, 1, math.MaxInt, rmHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	store, err := record.Open(c.Root, "stage4")
	if err != nil {
		return 125, err
	}
	return c.Each(refs, func(ref string) error { return remove(store, ref, force) })
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
