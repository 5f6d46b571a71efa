package main

import (
	"errors"

	"drydock/internal/cli"
	"drydock/internal/defaults"
	"drydock/internal/kernel"
	"drydock/internal/undo"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/usage"
)

// runContainer is the parent's side: it starts the container, waits for its end
// and returns its exit code.
func runContainer(c cli.Call) (int, error) {
	config, err := parseRun(c.Args, c.Stdout)
	if err != nil {
		return 125, err
	}
	if config.Explain {
		kernel.Explain = kernel.Print(c.Stderr)
	}

	var cleanup undo.Stack
	group, err := cgroup.Create(defaults.CgroupParent(), config.Name, config.Limits)
	if err != nil {
		return 125, err
	}
	cleanup.Add(group.Remove)
	cmd := process.Command(config.Namespace.SysProcAttr())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	group.Into(cmd)
	child, err := process.Start(cmd)
	if err != nil {
		return 125, errors.Join(config.Namespace.Remedy(err), cleanup.Run())
	}
	cleanup.Add(child.Kill)

	if err := child.Release(config); err != nil {
		return process.ExitCode(err), errors.Join(config.Namespace.Remedy(err), usage.OutOfMemory(group.Path), cleanup.Run())
	}
	if err := group.Started(); err != nil {
		return 125, errors.Join(err, cleanup.Run())
	}
	code, err := child.Wait()
	return code, errors.Join(err, usage.OutOfMemory(group.Path), cleanup.Run())
}
