package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"drydock/internal/flags"
	"drydock/stage1-namespaces/namespace"
)

const execHelp = `Usage: stage1 exec PID COMMAND [ARG…]

Start COMMAND inside the container whose first process is PID on the host.
`

// execInContainer starts a program that sees what process PID sees.
func execInContainer(args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	rest, err := flags.Parse(nil, args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, execHelp)
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
	process := namespace.Process{Args: rest[1:]}
	if err := process.Complete(""); err != nil {
		return 125, err
	}
	cmd := &exec.Cmd{Args: process.Args, Env: process.Env, Stdin: stdin, Stdout: stdout, Stderr: stderr}
	return namespace.Join(pid, cmd)
}
