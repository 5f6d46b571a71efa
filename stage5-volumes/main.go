// Stage5 is stage5 with volumes: directories that a container has besides its root, and that
// outlive it.
//
//	stage5 [--root DIR] run [FLAG…] IMAGE [COMMAND [ARG…]]
//	stage5 [--root DIR] run --rootfs [FLAG…] ROOTFS COMMAND [ARG…]
//	stage5 [--root DIR] start|rm …
//	stage5 [--root DIR] volume create|inspect|ls|rm …
//
// README.md beside this file is its chapter.
package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"drydock/internal/cli"
	"drydock/internal/record"
)

func main() {
	// What is made for containers is as open as it says, whatever our caller's mask.
	unix.Umask(0o022)
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const help = `Usage: stage5 [--root DIR] COMMAND

A container is a process with its own view of the system, limits, changes of its own on
top of an image, and directories that outlive it.

  run     start a program as a container
  start   start a container that has ended again
  rm      remove containers that have ended
  volume  create, inspect, list and remove volumes

Images are stage4's: stage4 import, load, …; exec and ps are stage3's.

Run 'stage5 COMMAND --help' for more.
`

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Name: "stage5", Help: help, HasState: true, Commands: map[string]func(cli.Call) (int, error){
		"run":    runContainer,
		"start":  startContainer,
		"rm":     removeContainers,
		"volume": manageVolumes,
		"init":   becomeContainer,
	}}.Run(args, stdin, stdout, stderr)
}

// find opens the state root and returns the record of the container that ref means.
func find(c cli.Call, ref string) (*record.Store, record.Record, error) {
	store, err := record.Open(c.Root, "stage5")
	if err != nil {
		return nil, record.Record{}, err
	}
	r, err := store.Find(ref)
	return store, r, err
}
