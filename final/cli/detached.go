package cli

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"drydock/final/engine"
)

// started is what exec --tells says when its program runs.
const started = "+"

// execDetached runs exec once more, in a session of its own, with nobody to listen: its program is to outlive us, and somebody is to
// wait for it. We wait until that program runs, or it is said why not.
func (c *call) execDetached(e *engine.Engine, id string, n *entering) error {
	args := []string{"--root", e.Root, "--config", e.ConfigFile, "exec", "--tells"}
	for _, variable := range n.Env {
		args = append(args, "--env", variable)
	}
	if n.User != "" {
		args = append(args, "--user", n.User)
	}
	if n.Dir != "" {
		args = append(args, "--workdir", n.Dir)
	}
	if n.TTY {
		args = append(args, "--tty")
	}
	said, says, err := os.Pipe()
	if err != nil {
		return err
	}
	defer said.Close()
	cmd := exec.Command("/proc/self/exe", append(append(args, id), n.Args...)...)
	cmd.Stderr = says
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	says.Close()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(said)
	if err != nil {
		return err
	}
	if string(text) == started {
		return cmd.Process.Release()
	}
	_ = cmd.Wait() // its text says more than its status
	return errors.New(strings.TrimPrefix(strings.TrimSpace(string(text)), "drydock: "))
}

// sayStarted tells execDetached so, and is silent from now on.
func sayStarted(null *os.File) {
	_, _ = os.Stderr.WriteString(started) // nobody is left to be told that nobody listens
	_ = unix.Dup3(int(null.Fd()), int(os.Stderr.Fd()), 0)
}
