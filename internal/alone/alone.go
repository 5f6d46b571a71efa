// Package alone calls a function on a thread of its own, in namespaces where it does as it likes.
package alone

import (
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// Call calls f on a thread with a mount namespace and a working directory of its own: nobody else
// sees what f mounts, and it is gone afterwards. What f starts on other threads is outside.
func Call(f func() error) error {
	return Thread(func() error {
		if err := kernel.Unshare("nobody else sees what is mounted here", unix.CLONE_NEWNS|unix.CLONE_FS); err != nil {
			return err
		}
		if err := kernel.Mount("and nothing travels to the host", "", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return err
		}
		return f()
	})
}

// Thread calls f on a thread that is thrown away afterwards, and the namespaces with it that f has
// entered: namespaces are a thread's.
func Thread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: Go ends the thread with the goroutine
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			done <- Thread(f) // on another: the first thread never ends, and /proc/self is about it
			return
		}
		done <- f()
	}()
	return <-done
}
