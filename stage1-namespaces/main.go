// Stage1 runs a program in new namespaces, on a root directory of its own.
//
//	stage1 run [FLAG…] ROOTFS COMMAND [ARG…]
//	stage1 exec PID COMMAND [ARG…]
//
// It is the first of seven programs; README.md beside this file is its chapter.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"drydock/internal/flags"
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

// run does what args say and returns the exit code. The command called init is
// not for people: it is how run starts itself a second time, as the container.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	commands := map[string]func([]string, io.Reader, io.Writer, io.Writer) (int, error){
		"run":  runContainer,
		"exec": execInContainer,
		"init": becomeContainer,
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, help)
		return 0
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprintf(stderr, "stage1: '%s' is not a stage1 command: see 'stage1 --help'\n", args[0])
		return 125
	}
	code, err := command(args[1:], stdin, stdout, stderr)
	if errors.Is(err, flags.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "stage1:", strings.ReplaceAll(err.Error(), "\n", "\nstage1: "))
	}
	return code
}
