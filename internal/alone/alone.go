// Package alone calls a function where nobody else sees what it mounts.
package alone

import (
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// Call calls f on a thread with a mount namespace and a working directory of its own, which is
// thrown away afterwards, and all that f has mounted with it: namespaces are a thread's. What f
// starts on other threads is outside.
func Call(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: Go ends the thread with the goroutine
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			done <- Call(f) // on another: the first thread never ends, and /proc/self is about it
			return
		}
		done <- call(f)
	}()
	return <-done
}

func call(f func() error) error {
	if err := kernel.Unshare("nobody else sees what is mounted here", unix.CLONE_NEWNS|unix.CLONE_FS); err != nil {
		return err
	}
	if err := kernel.Mount("and nothing travels to the host", "", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	return f()
}
