package main

import (
	"fmt"
	"math"
	"os/exec"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
)

const execHelp = `Usage: stage3 exec CONTAINER COMMAND [ARG…]

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
	_, r, err := find(c, rest[0])
	if err != nil {
		return 1, err
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return 1, err
	}
	if !r.IsRunning() {
		return 1, fmt.Errorf("container %s is not running", r.Name)
	}
	group, err := cgroup.Find(config.Parent, r.ID)
	if err != nil {
		return 1, err
	}
	defer group.Close()
	if frozen, err := group.Frozen(); err != nil {
		return 1, err
	} else if frozen { // it would freeze us too
		return 1, fmt.Errorf("container %s is paused, unpause the container before exec", r.Name)
	}
	if err := group.AwaitStarted(); err != nil {
		return 1, err
	}
	target, err := namespace.Hold(r.Init.Pid)
	if err != nil {
		return 1, err
	}
	defer target.Close()
	if !r.IsRunning() { // or what we hold may be another by now
		return 1, fmt.Errorf("container %s has ended", r.Name)
	}
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
