package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
)

const execHelp = `Usage: stage1 exec PID COMMAND [ARG…]

Start COMMAND inside the container whose first process is PID on the host.
`

// execInContainer starts a program that sees what process PID sees.
func execInContainer(c cli.Call) (int, error) {
	rest, err := flags.Parse(nil, c.Args)
	if errors.Is(err, flags.ErrHelp) {
		fmt.Fprint(c.Stdout, execHelp)
	}
	if err != nil {
		return 125, err
	}
	if len(rest) < 2 {
		return 125, fmt.Errorf("exec needs a process and a command: stage1 exec PID COMMAND [ARG…]")
	}
	pid, err := strconv.Atoi(rest[0])
	if err != nil || pid < 1 {
		return 125, fmt.Errorf("%q is not a pid: give the number of the container's first process, as ps shows it outside", rest[0])
	}
	program := process.Program{Args: rest[1:]}
	if err := program.Complete(""); err != nil {
		return 125, err
	}
	target, err := namespace.Hold(pid)
	if err != nil {
		return 125, err
	}
	defer target.Close()
	cmd := &exec.Cmd{Args: program.Args, Env: program.Env, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr}
	return process.Exec(cmd, target.Inside)
}
