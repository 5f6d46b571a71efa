package main

import (
	"os"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/stage5-volumes/volume"
)

const startHelp = `Usage: stage7 start CONTAINER

Start a container that has ended again, on the files that it has left.
`

// startContainer runs a container once more.
func startContainer(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 1, 1, startHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	store, r, err := find(c, rest[0])
	if err != nil {
		return 1, err
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return 1, err
	}
	mounts, err := volume.Of(r)
	if err != nil {
		return 1, err
	}
	if err := store.Again(r.ID, config.Program.Args, os.Getpid()); err != nil {
		return 1, err
	}
	return launch(c, store, order{config, mounts})
}
