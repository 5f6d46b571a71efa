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
	"io"
	"os"

	"drydock/internal/cli"
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

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Name: "stage4", Help: help, HasState: true, Commands: map[string]func(cli.Call) (int, error){
		"run":    runContainer,
		"start":  startContainer,
		"rm":     removeContainers,
		"images": listImages,
		"import": importImage,
		"load":   loadImages,
		"save":   saveImages,
		"commit": commit,
		"fsck":   check,
		"init":   becomeContainer,
	}}.Run(args, stdin, stdout, stderr)
}

// find opens the state root and returns the record of the container that ref means.
func find(c cli.Call, ref string) (*record.Store, record.Record, error) {
	store, err := record.Open(c.Root, "stage4")
	if err != nil {
		return nil, record.Record{}, err
	}
	r, err := store.Find(ref)
	return store, r, err
}
