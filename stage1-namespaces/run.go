package main

import (
	"errors"
	"io"

	"drydock/internal/kernel"
	"drydock/internal/undo"
	"drydock/stage1-namespaces/process"
)

// runContainer is the parent's side: it starts the container, waits for its end
// and returns its exit code.
func runContainer(args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	config, err := parseRun(args, stdout)
	if err != nil {
		return 125, err
	}
	if config.Explain {
		kernel.Explain = kernel.Print(stderr)
	}

	var cleanup undo.Stack
	cmd := process.Command(config.Namespace.SysProcAttr())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
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
