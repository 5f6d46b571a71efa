package main

import (
	"errors"

	"drydock/internal/cli"
	"drydock/internal/kernel"
	"drydock/internal/undo"
	"drydock/stage1-namespaces/process"
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
	cmd := process.Command(config.Namespace.SysProcAttr())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	child, err := process.Start(cmd)
	if err != nil {
		return 125, config.Namespace.Remedy(err)
	}
	cleanup.Add(child.Kill)

	if err := child.Release(config); err != nil {
		return process.ExitCode(err), errors.Join(config.Namespace.Remedy(err), cleanup.Run())
	}
	return child.Wait()
}
