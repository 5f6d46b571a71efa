// Stage4 is stage3 on images: root directories that travel as layers, with a description
// of what is to be run on them.
//
//	stage4 [--root DIR] run [FLAG…] IMAGE [COMMAND [ARG…]]
//	stage4 [--root DIR] run --rootfs [FLAG…] ROOTFS COMMAND [ARG…]
//	stage4 [--root DIR] start|exec|ps|rm …
//	stage4 [--root DIR] images|import|load|save|commit|fsck …
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

const help = `Usage: stage4 [--root DIR] COMMAND

A container is a process with its own view of the system, limits, and changes of its own
on top of an image.

  run     start a program as a container
  start   start a container that has ended again
  exec    start a program inside a running container
  ps      list containers
  rm      remove containers that have ended

  images  list images
  import  make an image of a root directory in a tar file
  load    take images from an OCI archive
  save    write images to an OCI archive
  commit  make an image of a container
  fsck    check every byte of every image

Run 'stage4 COMMAND --help' for more.
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
	store, err := record.Open(c.root, "stage4")
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
		"run":    runContainer,
		"start":  startContainer,
		"exec":   execInContainer,
		"ps":     listContainers,
		"rm":     removeContainers,
		"images": listImages,
		"import": importImage,
		"load":   loadImages,
		"save":   saveImages,
		"commit": commit,
		"fsck":   check,
		"init":   becomeContainer,
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
			fmt.Fprintf(stderr, "stage4: '%s' is not a stage4 command: see 'stage4 --help'\n", args[0])
			return 125
		}
		code, err = command(call{root, args[1:], stdin, stdout, stderr})
	}
	if errors.Is(err, flags.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "stage4:", strings.ReplaceAll(err.Error(), "\n", "\nstage4: "))
	}
	return code
}
