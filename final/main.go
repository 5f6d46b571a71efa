// Drydock is Docker you can read: the seven stages in one tool, and what they lack to be Docker.
//
//	drydock [--root DIR] [--config FILE] COMMAND
//
// README.md beside this file is its chapter.
package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"drydock/final/cli"
	"drydock/final/engine"
	"drydock/final/reap"
	"drydock/final/supervise"
)

func main() {
	// What is made for containers is as open as it says, whatever our caller's mask.
	unix.Umask(0o022)
	os.Exit(run(os.Args))
}

// run is one of five programs. Those that start a container come first: they have to be quick.
func run(args []string) int {
	switch {
	case len(args) == 2 && args[1] == "init":
		return told(engine.BecomeContainer())
	case len(args) == 7 && args[5] == "supervise":
		return told(superviseContainer(args[2], args[4], args[6]))
	case len(args) == 2 && args[1] == cli.Drain:
		_, _ = io.Copy(io.Discard, os.Stdin) // of a terminal, the end is an error: EIO
		return 0
	case args[0] == engine.Reaper:
		return reap.Run(args[1:])
	}
	return cli.Run(args[1:], os.Stdin, os.Stdout, os.Stderr)
}

func superviseContainer(root, config, id string) error {
	e, err := engine.Open(root, config, func(string) {})
	if err != nil {
		return err
	}
	return supervise.Container(e, id)
}

// told is the exit code of a program that nobody but drydock starts.
func told(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "drydock:", err)
		return 125
	}
	return 0
}
