// Stage3 is stage2 with a root directory of layers: a container changes a directory of
// its own, and the root that it was given is only ever read.
//
//	stage3 [--root DIR] run [FLAG…] ROOTFS COMMAND [ARG…]
//	stage3 [--root DIR] start CONTAINER COMMAND [ARG…]
//	stage3 [--root DIR] exec CONTAINER COMMAND [ARG…]
//	stage3 [--root DIR] ps|diff|rm …
//
// README.md beside this file is its chapter.
package main

import (
	"io"
	"os"

	"drydock/internal/cli"
	"drydock/internal/record"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const help = `Usage: stage3 [--root DIR] COMMAND

A container is a process with its own view of the system, limits, and changes of its own
on top of files that it shares.

  run    start a program as a container
  start  start a program in a container that has ended and was kept
  exec   start a program inside a running container
  ps     list containers
  diff   show what a container has changed
  rm     remove containers that have ended

Run 'stage3 COMMAND --help' for more.
`

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Name: "stage3", Help: help, HasState: true, Commands: map[string]func(cli.Call) (int, error){
		"run":   runContainer,
		"start": startContainer,
		"exec":  execInContainer,
		"ps":    listContainers,
		"diff":  showChanges,
		"rm":    removeContainers,
		"init":  becomeContainer,
	}}.Run(args, stdin, stdout, stderr)
}

// find opens the state root and returns the record of the container that ref means.
func find(c cli.Call, ref string) (*record.Store, record.Record, error) {
	store, err := record.Open(c.Root, "stage3")
	if err != nil {
		return nil, record.Record{}, err
	}
	r, err := store.Find(ref)
	return store, r, err
}
