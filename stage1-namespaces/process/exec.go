package process

import (
	"os/exec"
	"syscall"

	"drydock/internal/kernel"
)

// Exec runs a further program in a container and returns its exit code. inside calls a
// function from within the container: on a thread that sees what the container sees.
// cmd has Args, Env and the standard files; its program is looked up inside.
//
// Signals to this process go to the program. If this process is killed, the program
// lives on, as with docker exec: the thread that starts it is thrown away, and
// PR_SET_PDEATHSIG would take its end for ours.
func Exec(cmd *exec.Cmd, inside func(func() error) error) (code int, err error) {
	signals := catchSignals()
	defer releaseSignals(signals)
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	takeBack := lendTerminal(cmd)
	defer takeBack()

	err = inside(func() error {
		if err := dropFiles(); err != nil {
			return err
		}
		kernel.Umask("a program expects the usual mask", 0o022)
		if cmd.Path, err = look(cmd.Args[0], cmd.Env); err != nil {
			return err
		}
		return failure(cmd.Start())
	})
	if err != nil {
		return ExitCode(err), err
	}
	go forwardSignals(signals, cmd.Process)
	return wait(cmd)
}
