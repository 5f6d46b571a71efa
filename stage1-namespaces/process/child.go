// Package process gives a container its first process, and tells that what to become.
//
// The problem: a new process begins as a copy of its parent, in new namespaces that are
// still empty. Somebody has to furnish them from inside before the user's program runs,
// and somebody outside has to wait, pass signals on, and hear what went wrong.
//
// The kernel features are the oldest there are: clone(2), pipe(2), execve(2), wait(2).
// The same program is started again, as init, and waits at a pipe. What comes through
// the pipe is its configuration, and the starting gun. Having done its work it executes
// the user's program, which so inherits its pid, 1. A second pipe carries errors back.
//
// In a shell, unshare(1) does both halves. To read: clone(2), pipe(7), execve(2),
// prctl(2) on PR_SET_PDEATHSIG, signal(7), credentials(7).
package process

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"drydock/internal/cover"
	"drydock/internal/kernel"
)

// Command is the command that will be the container's first process: this same
// program, told to be init, started as attr says, with an empty environment.
// It is only built here; Start runs it.
func Command(attr *syscall.SysProcAttr) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "init")
	cmd.Env = cover.Env() // nothing, unless coverage is being measured
	cmd.SysProcAttr = attr
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // if we die, so does the container: prctl(2)
	return cmd
}

// A Child is a process that has been started as init and waits for its
// configuration, or has been given it and is the container.
type Child struct {
	cmd      *exec.Cmd
	config   *os.File // the end of the pipe that we write
	report   *os.File // the end of the other pipe, that we read
	signals  chan os.Signal
	takeBack func() // takes the terminal back
}

// Start starts cmd, which then waits: it has its namespaces, but has touched
// nothing yet. Now is the time for what needs its pid and is done from outside.
// Signals to this process are kept from here on, for the program.
//
// Start holds the calling thread until Wait: PR_SET_PDEATHSIG fires when the
// *thread* that made the child dies, and Go ends idle threads as it likes. So
// Start and Wait are called by the same goroutine.
func Start(cmd *exec.Cmd) (*Child, error) {
	configEnd, config, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("pipe for the configuration: %w", err)
	}
	defer configEnd.Close()
	report, reportEnd, err := os.Pipe()
	if err != nil {
		config.Close()
		return nil, fmt.Errorf("pipe for the report: %w", err)
	}
	defer reportEnd.Close()
	// Descriptors 3 and 4 of the child; what cmd has of its own begins at FirstFile.
	cmd.ExtraFiles = append([]*os.File{configEnd, reportEnd}, cmd.ExtraFiles...)

	child := &Child{cmd: cmd, config: config, report: report, signals: catchSignals()}
	child.takeBack = lendTerminal(cmd)
	runtime.LockOSThread()
	err = kernel.Clone("a container is a process, born with its own view of the system", cmd)
	if err != nil {
		child.letGo()
		config.Close()
		report.Close()
		return nil, err
	}
	return child, nil
}

// letGo gives back what Start took of this process: its signals, terminal and thread.
func (c *Child) letGo() {
	releaseSignals(c.signals)
	c.takeBack()
	runtime.UnlockOSThread()
}

// Pid is the child's process id as the host sees it.
func (c *Child) Pid() int {
	return c.cmd.Process.Pid
}

// Release writes the configuration to the child and closes the pipe. That is the
// starting gun, and the only one: the child has been blocked reading until now.
// Release returns when the child has become the user's program, which from then on
// gets the signals sent to us; or with the error that kept it from that. The child is
// then dead or dying, and Wait still due.
func (c *Child) Release(config any) error {
	defer c.report.Close()
	err := json.NewEncoder(c.config).Encode(config)
	c.config.Close()
	if err != nil {
		return fmt.Errorf("send init its configuration: %w", err)
	}
	if err := c.listen(); err != nil {
		return err
	}
	go forwardSignals(c.signals, c.cmd.Process)
	return nil
}

// listen reads what init reports, to the end. Its end of the pipe is close-on-exec: so
// it is closed by a successful execve(2), and also if init dies. Only in the first case
// has it said before that it is ready.
func (c *Child) listen() error {
	ready := false
	for reports := json.NewDecoder(c.report); ; {
		var r report
		err := reports.Decode(&r)
		switch {
		case errors.Is(err, io.EOF) && ready:
			return nil
		case err != nil:
			return fmt.Errorf("init was ended before it became the program: %w", err)
		case r.Failure != nil:
			return r.Failure
		case r.Step != nil && kernel.Explain != nil:
			kernel.Explain(*r.Step)
		}
		ready = ready || r.Ready
	}
}

// Wait waits for the child's end and returns its exit code in Docker's counting.
func (c *Child) Wait() (code int, err error) {
	defer c.letGo()
	return wait(c.cmd)
}

// Kill ends the child and waits until it is gone. If it is the first process of a PID
// namespace, the kernel ends all others in there too. A child that Wait has seen end
// is fine.
func (c *Child) Kill() error {
	if c.cmd.ProcessState != nil {
		return nil
	}
	killed := c.cmd.Process.Kill()
	_, err := c.Wait()
	return errors.Join(killed, err)
}

// wait returns the exit code of a command: its own, or 128+n for signal n.
func wait(cmd *exec.Cmd) (code int, err error) {
	var ended *exec.ExitError // any end but exit code 0: not our error
	if err := cmd.Wait(); err != nil && !errors.As(err, &ended) {
		return 125, err
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return status.ExitStatus(), nil
}
