package main

import (
	"fmt"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/stage3-unionfs/overlay"
)

const diffHelp = `Usage: stage3 diff CONTAINER

Show what a container has changed: A is added, C is changed, D is deleted.
`

func showChanges(c cli.Call) (int, error) {
	refs, err := flags.Arguments(nil, c.Args, 1, 1, diffHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	_, r, err := find(c, refs[0])
	if err != nil {
		return 1, err
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return 1, err
	}
	changes, err := overlay.Changes(config.Overlay)
	if err != nil {
		return 1, err
	}
	for _, change := range changes {
		fmt.Fprintln(c.Stdout, change)
	}
	return 0, nil
}
