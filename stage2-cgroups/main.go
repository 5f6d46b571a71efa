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
	"io"
	"os"

	"drydock/internal/cli"
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

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return cli.Program{Name: "stage2", Help: help, Commands: map[string]func(cli.Call) (int, error){
		"run":     runContainer,
		"exec":    execInContainer,
		"ps":      listContainers,
		"stats":   showStats,
		"pause":   pause,
		"unpause": unpause,
		"kill":    kill,
		"init":    becomeContainer,
	}}.Run(args, stdin, stdout, stderr)
}
