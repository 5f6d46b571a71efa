// Stage1 runs a program in new namespaces, on a root directory of its own.
//
//	stage1 run [FLAG…] ROOTFS COMMAND [ARG…]
//	stage1 exec PID COMMAND [ARG…]
//
// It is the first of seven programs; README.md beside this file is its chapter.
package main

import (
	"io"
	"os"

	"drydock/internal/cli"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const help = `Usage: stage1 COMMAND

A container is a process with its own view of the system.

  run    start a program as a container
  exec   start a program inside a running container

Run 'stage1 COMMAND --help' for more.
`

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Name: "stage1", Help: help, Commands: map[string]func(cli.Call) (int, error){
		"run":  runContainer,
		"exec": execInContainer,
		"init": becomeContainer,
	}}.Run(args, stdin, stdout, stderr)
}
