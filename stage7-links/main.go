// Stage7 is stage6 with links: a container finds another by a name of its own choice.
//
//	stage7 [--root DIR] run [FLAG…] IMAGE [COMMAND [ARG…]]
//	stage7 [--root DIR] run --rootfs [FLAG…] ROOTFS COMMAND [ARG…]
//	stage7 [--root DIR] start|rm …
//	stage7 [--root DIR] port CONTAINER [PORT[/PROTOCOL]]
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

const help = `Usage: stage7 [--root DIR] COMMAND

A container is a process with its own view of the system, limits, changes of its own on
top of an image, directories that outlive it, a place in a network, and names for others.

  run     start a program as a container
  start   start a container that has ended again
  rm      remove containers that have ended
  port    list what a container has published

Volumes are stage5's: stage5 volume; images are stage4's: stage4 import, load, …; exec and
ps are stage3's.

Run 'stage7 COMMAND --help' for more.
`

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Name: "stage7", Help: help, HasState: true, Commands: map[string]func(cli.Call) (int, error){
		"run":   runContainer,
		"start": startContainer,
		"rm":    removeContainers,
		"port":  showPorts,
		"init":  becomeContainer,
	}}.Run(args, stdin, stdout, stderr)
}

// find opens the state root and returns the record of the container that ref means.
func find(c cli.Call, ref string) (*record.Store, record.Record, error) {
	store, err := record.Open(c.Root, "stage7")
	if err != nil {
		return nil, record.Record{}, err
	}
	r, err := store.Find(ref)
	return store, r, err
}
