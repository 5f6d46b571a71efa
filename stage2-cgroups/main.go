// Stage2 is stage1 with limits: what a container may use of memory, CPU time and
// processes.
//
//	stage2 run [FLAG…] ROOTFS COMMAND [ARG…]
//	stage2 exec NAME COMMAND [ARG…]
//	stage2 ps
//	stage2 stats NAME
//	stage2 pause|unpause|kill NAME…
//
// README.md beside this file is its chapter.
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

const help = `Usage: stage2 COMMAND

A container is a process with its own view of the system, and limits.

  run      start a program as a container
  exec     start a program inside a running container
  ps       list running containers
  stats    show what a container uses
  pause    stop all processes of a container where they are
  unpause  let them go on
  kill     kill all processes of a container at once

Run 'stage2 COMMAND --help' for more.
`

// run does what args say and returns the exit code. The command called init is
// not for people: it is how run starts itself a second time, as the container.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	commands := map[string]func([]string, io.Reader, io.Writer, io.Writer) (int, error){
		"run":     runContainer,
		"exec":    execInContainer,
		"ps":      listContainers,
		"stats":   showStats,
		"pause":   pause,
		"unpause": unpause,
		"kill":    kill,
		"init":    becomeContainer,
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		fmt.Fprint(stdout, help)
		return 0
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprintf(stderr, "stage2: '%s' is not a stage2 command: see 'stage2 --help'\n", args[0])
		return 125
	}
	code, err := command(args[1:], stdin, stdout, stderr)
	if errors.Is(err, flags.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "stage2:", strings.ReplaceAll(err.Error(), "\n", "\nstage2: "))
	}
	return code
}
