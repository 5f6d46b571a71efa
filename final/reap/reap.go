// Package reap is the first process of a container that was run with --init.
//
// The problem: the first process of a PID namespace has duties. The kernel gives it all processes whose parents have ended, to wait for
// them; and it shields it from signals that it has no handler for. Most programs know nothing of that: zombies pile up, and
// Ctrl-C does nothing.
//
// The mechanism: a process that has no other work. It starts the program as its child, passes all signals on, waits for whoever ends, and
// ends with the program's exit code when that has ended.
//
// In a shell: trap 'kill -TERM $child' TERM; program & child=$!; wait.
//
// To read: pid_namespaces(7), wait(2), signal(7).
package reap

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Run starts a program, whose words come behind "--", and returns its exit code.
func Run(args []string) int {
	if len(args) < 2 || args[0] != "--" {
		fmt.Fprintln(os.Stderr, "docker-init: say what to run: docker-init -- PROGRAM [ARG…]")
		return 125
	}
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	child, err := start(args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "docker-init:", err)
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			return 127
		}
		return 126
	}
	for s := range signals {
		number, isNumber := s.(syscall.Signal)
		switch {
		case s == unix.SIGCHLD:
			if code, over := reap(child); over {
				return code
			}
		case s == unix.SIGURG: // the Go runtime's own
		case isNumber:
			_ = unix.Kill(child, number) // it has just ended
		}
	}
	return 0
}

// start starts the program in a process group of its own, which is the terminal's foreground, if there is one.
func start(args []string) (pid int, err error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err := unix.IoctlGetInt(0, unix.TIOCGPGRP); err == nil {
		cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, 0
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	return cmd.Process.Pid, nil
}

// reap waits for all who have ended, and tells whether the program is among them, and its exit code.
func reap(program int) (code int, over bool) {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return code, over
		}
		if pid != program {
			continue
		}
		over, code = true, status.ExitStatus()
		if status.Signaled() {
			code = 128 + int(status.Signal())
		}
	}
}
