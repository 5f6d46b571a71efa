package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os/exec"

	"drydock/internal/cli"
	"drydock/internal/defaults"
	"drydock/internal/flags"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/usage"
)

const execHelp = `Usage: stage2 exec NAME COMMAND [ARG…]

Start COMMAND inside a running container: in its namespaces, under its limits.
`

// execInContainer starts a program that sees what the container's first process sees,
// and that counts as part of the container.
func execInContainer(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 2, math.MaxInt, execHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	program := process.Program{Args: rest[1:]}
	if err := program.Complete(""); err != nil {
		return 125, err
	}
	group, err := cgroup.Find(defaults.CgroupParent(), rest[0])
	if err != nil {
		return 1, err
	}
	defer group.Close()
	first, err := firstProcess(group)
	if err != nil {
		return 1, err
	}
	target, err := namespace.Hold(first)
	if err != nil {
		return 125, err
	}
	defer target.Close()
	door, err := group.Door()
	if err != nil {
		return 125, err
	}
	defer door.Close()
	cmd := &exec.Cmd{Args: program.Args, Env: program.Env, Stdin: c.Stdin, Stdout: c.Stdout, Stderr: c.Stderr}
	return process.Exec(cmd, func(start func() error) error {
		return target.Inside(func() error { return door.Within(start) })
	})
}

// firstProcess is the pid of the container's first process, if it is to be joined now.
func firstProcess(group *cgroup.Group) (int, error) {
	if frozen, err := group.Frozen(); err != nil {
		return 0, err
	} else if frozen { // it would freeze us too
		return 0, fmt.Errorf("container %s is paused, unpause the container before exec", group.Name())
	}
	if err := group.AwaitStarted(); err != nil {
		return 0, err
	}
	pids, err := usage.Processes(group.Path)
	if err == nil && len(pids) == 0 || errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("container %s has ended", group.Name())
	}
	return append(pids, 0)[0], err
}
