package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// arrange makes what all tools share, in this mount namespace: a cgroup hierarchy that all of them know, where the machine's is a
// hybrid one; and a place for the names of network namespaces.
func arrange() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("a mount namespace of our own: %w", err)
	}
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err != nil {
		if err := unix.Unmount("/sys/fs/cgroup", unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmount /sys/fs/cgroup: %w", err)
		}
		if err := unix.Mount("none", "/sys/fs/cgroup", "cgroup2", 0, ""); err != nil {
			return fmt.Errorf("mount cgroup2: %w", err)
		}
	}
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return err
	}
	return unix.Mount("none", "/run/netns", "tmpfs", 0, "")
}

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
