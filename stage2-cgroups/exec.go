package main

import (
	"fmt"
	"io"
	"os/exec"

	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
)

const execHelp = `Usage: stage2 exec NAME COMMAND [ARG…]

Start COMMAND inside a running container: in its namespaces, under its limits.
`

// execInContainer starts a program that sees what the container's first process sees,
// and that counts as part of the container.
func execInContainer(args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	rest, err := arguments(args, 2, execHelp, stdout)
	if err != nil {
		return 125, err
	}
	program := process.Program{Args: rest[1:]}
	if err := program.Complete(""); err != nil {
		return 125, err
	}
	group, err := cgroup.Find(parentGroup(), rest[0])
	if err != nil {
		return 125, err
	}
	defer group.Close()
	if frozen, err := group.Frozen(); err != nil || frozen { // it would freeze us too
		return 125, fmt.Errorf("container %s is paused, unpause the container before exec", rest[0])
	}
	pids, err := group.Processes()
	if err != nil || len(pids) == 0 {
		return 125, fmt.Errorf("container %s has ended", rest[0])
	}
	target, err := namespace.Hold(pids[0])
	if err != nil {
		return 125, err
	}
	defer target.Close()
	door, err := group.Door()
	if err != nil {
		return 125, err
	}
	defer door.Close()
	cmd := &exec.Cmd{Args: program.Args, Env: program.Env, Stdin: stdin, Stdout: stdout, Stderr: stderr}
	return process.Exec(cmd, func(start func() error) error {
		return target.Inside(func() error { return door.Within(start) })
	})
}
