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
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"drydock/internal/defaults"
	"drydock/internal/flags"
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

// A call is one command as it was typed, and its surroundings.
type call struct {
	root           string   // the state root
	args           []string // behind the command's name
	stdin          io.Reader
	stdout, stderr io.Writer
}

// find opens the state root and returns the record of the container that ref means.
func (c call) find(ref string) (*record.Store, record.Record, error) {
	store, err := record.Open(c.root, "stage3")
	if err != nil {
		return nil, record.Record{}, err
	}
	r, err := store.Find(ref)
	return store, r, err
}

// run does what args say and returns the exit code. The command called init is
// not for people: it is how run starts itself a second time, as the container.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	commands := map[string]func(call) (int, error){
		"run":   runContainer,
		"start": startContainer,
		"exec":  execInContainer,
		"ps":    listContainers,
		"diff":  showChanges,
		"rm":    removeContainers,
		"init":  becomeContainer,
	}
	root := defaults.StateRoot()
	args, err := flags.Parse([]flags.Flag{{Name: "root", Value: flags.String{To: &root}}}, args)
	if errors.Is(err, flags.ErrHelp) || err == nil && (len(args) == 0 || args[0] == "help") {
		fmt.Fprint(stdout, help)
		return 0
	}
	code := 125
	if err == nil {
		command, known := commands[args[0]]
		if !known {
			fmt.Fprintf(stderr, "stage3: '%s' is not a stage3 command: see 'stage3 --help'\n", args[0])
			return 125
		}
		code, err = command(call{root, args[1:], stdin, stdout, stderr})
	}
	if errors.Is(err, flags.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "stage3:", strings.ReplaceAll(err.Error(), "\n", "\nstage3: "))
	}
	return code
}
