package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"drydock/final/engine"
)

// onResize calls a function whenever our window has another size, until stop is called.
func onResize(do func()) (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGWINCH)
	go func() {
		for range signals {
			do()
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}

// execDetached runs exec once more, in a session of its own, with nobody to listen: its program is to outlive us, and somebody is to wait for it.
func (c *call) execDetached(e *engine.Engine, id string, n *entering) error {
	args := []string{"--root", e.Root, "--config", e.ConfigFile, "exec"}
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
	cmd := exec.Command("/proc/self/exe", append(append(args, id), n.Args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
