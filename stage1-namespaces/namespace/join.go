package namespace

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
	"drydock/stage1-namespaces/capability"
)

// joinOrder is the order in which Inside enters the namespaces of a process. A pidfd
// leads to all of them from anywhere, so any order would do.
var joinOrder = []string{PID, IPC, UTS, Net, Cgroup, Mount}

// Inside calls f on a thread that sees what the target sees: its namespaces, and its
// root directory; and that may do no more than the target might. What f starts is born
// in there. Linux 5.8, for setns(2) with a pidfd.
func (t *Target) Inside(f func() error) error {
	done := make(chan error)
	go func() {
		// Namespaces belong to threads. This one changes its own, and is never
		// unlocked: so Go throws it away when the goroutine ends, instead of
		// running unrelated code inside the container.
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			done <- t.Inside(f) // on another: the process's first thread is never thrown away
			return
		}
		err := t.enter()
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// A Target is a process to join, held so that its pid cannot come to mean another
// process in the meantime.
type Target struct {
	pid   int
	pidfd int
	root  int // its root directory, O_PATH
	joins []string
	may   capability.Set
}

// Hold holds a process, and finds out which of its namespaces differ from ours.
func Hold(pid int) (*Target, error) {
	pidfd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) {
		return nil, fmt.Errorf("there is no process %d: give the pid of the container's first process, as ps shows it outside", pid)
	} else if err != nil {
		return nil, fmt.Errorf("hold process %d: %w", pid, err)
	}
	t := &Target{pid: pid, pidfd: pidfd, root: -1}
	if err := t.inspect(); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// inspect fills in the rest of a target from its folder in /proc.
func (t *Target) inspect() (err error) {
	for _, kind := range append([]string{User}, joinOrder...) {
		shared, err := sameNamespace(kind, t.pid)
		if err != nil {
			return err
		}
		if !shared {
			t.joins = append(t.joins, kind)
		}
	}
	if len(t.joins) == 0 {
		return fmt.Errorf("process %d shares every namespace with this one: it is in no container; if it started one, that is its child: pgrep -P %d", t.pid, t.pid)
	}
	if t.joins[0] == User {
		return fmt.Errorf("process %d is in a user namespace, which a process with several threads cannot enter (setns(2)), and Go programs have several: use nsenter --target %d --all /bin/sh", t.pid, t.pid)
	}
	t.root, err = unix.Open(fmt.Sprintf("/proc/%d/root", t.pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the root directory of process %d: %w", t.pid, err)
	}
	if t.may, err = capability.Bounds(t.pid); err != nil {
		return fmt.Errorf("read what process %d may do: %w", t.pid, err)
	}
	// If it still lives, all that was read by its pid was about this process.
	if err := unix.PidfdSendSignal(t.pidfd, 0, nil, 0); err != nil {
		return fmt.Errorf("process %d has ended", t.pid)
	}
	return nil
}

// sameNamespace compares a namespace of process pid with the caller's by inode.
func sameNamespace(kind string, pid int) (bool, error) {
	file := map[string]string{Mount: "mnt"}[kind]
	if file == "" {
		file = kind
	}
	ours, err := os.Stat("/proc/self/ns/" + file)
	if err != nil {
		return false, err
	}
	theirs, err := os.Stat(fmt.Sprintf("/proc/%d/ns/%s", pid, file))
	if errors.Is(err, os.ErrPermission) {
		return false, fmt.Errorf("the namespaces of process %d: %w: use sudo, or the user who started it", pid, err)
	} else if err != nil {
		return false, fmt.Errorf("process %d has ended", pid)
	}
	return os.SameFile(ours, theirs), nil
}

// enter moves the calling thread into the target's namespaces. The thread cannot be
// used for anything else afterwards.
func (t *Target) enter() error {
	// Threads of a process share root and working directory, and a thread that
	// shares them may not change its mount namespace: EINVAL, setns(2).
	if err := kernel.Unshare("this thread needs a root directory of its own", unix.CLONE_FS); err != nil {
		return err
	}
	// For a PID namespace, setns(2) changes nothing for the caller: it is its
	// children that are born inside.
	for _, kind := range t.joins {
		if err := kernel.Setns("see what the container sees: "+kind, t.pidfd, int(Set{kind}.CloneFlags())); err != nil {
			return fmt.Errorf("enter the %s namespace of process %d: %w", kind, t.pid, err)
		}
	}
	// Its root may be another than its mount namespace's: after chroot(2) it is.
	if err := unix.Fchdir(t.root); err != nil {
		return fmt.Errorf("change directory to the root of process %d: %w", t.pid, err)
	}
	if err := kernel.Chroot("the container's root is the program's root", "."); err != nil {
		return err
	}
	// Rights that the container gave up are not brought in from outside: its root may
	// trace what is started here, and make it do whatever it may. ptrace(2).
	return capability.GiveUp(^t.may)
}

// Close lets go of the process.
func (t *Target) Close() {
	unix.Close(t.pidfd)
	if t.root >= 0 {
		unix.Close(t.root)
	}
}
