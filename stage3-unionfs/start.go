package main

import (
	"math"
	"os"

	"drydock/internal/cli"
	"drydock/internal/flags"
)

const startHelp = `Usage: stage3 start CONTAINER COMMAND [ARG…]

Start COMMAND in a container that has ended and was kept, with the flags that it was made
with, on the files that it has left.
`

// startContainer runs a container once more.
func startContainer(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 2, math.MaxInt, startHelp, c.Stdout)
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
	config.Program.Args = rest[1:]
	if err := store.Again(r.ID, config.Program.Args, os.Getpid()); err != nil {
		return 1, err
	}
	return launch(c, store, config)
}
