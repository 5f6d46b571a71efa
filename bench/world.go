package main

import (
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// A world is a network namespace with a way out that leads nowhere: a host for one tool. It is a thread's, from which the tool's
// processes are started.
type world struct{ calls chan func() }

func newWorld() (*world, error) {
	w := &world{make(chan func())}
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the namespace is this thread's
		failed <- unix.Unshare(unix.CLONE_NEWNET)
		for call := range w.calls {
			call()
		}
	}()
	if err := <-failed; err != nil {
		return nil, err
	}
	const host = "ip link set lo up; sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; ip link add outside type bridge; " +
		"ip address add 10.9.9.1/24 dev outside; ip link set outside up; ip route add default dev outside"
	out, err := w.output(exec.Command("sh", "-ec", host))
	if err != nil {
		return nil, fmt.Errorf("a host for a tool: %w: %s", err, out)
	}
	return w, nil
}

// call calls f in there.
func (w *world) call(f func() error) error {
	failed := make(chan error)
	w.calls <- func() { failed <- f() }
	return <-failed
}

// start starts a command in there.
func (w *world) start(cmd *exec.Cmd) error { return w.call(cmd.Start) }

// output runs a command in there, and returns what it prints.
func (w *world) output(cmd *exec.Cmd) (out []byte, err error) {
	err = w.call(func() error {
		out, err = cmd.CombinedOutput()
		return err
	})
	return out, err
}
