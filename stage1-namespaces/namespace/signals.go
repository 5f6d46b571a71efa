package namespace

import (
	"os"
	"os/signal"
	"syscall"
)

// catchSignals has all signals to this process queue up instead of ending it,
// except those that are ours: about our children, about writing to a closed pipe,
// from Go's own scheduler (SIGURG), and from the terminal's job control.
func catchSignals() chan os.Signal {
	signals := make(chan os.Signal, 64)
	signal.Notify(signals)
	signal.Reset(syscall.SIGCHLD, syscall.SIGPIPE, syscall.SIGURG,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	return signals
}

// forwardSignals sends what is caught to the container's first process. The kernel
// gives PID 1 only those that it has a handler for (pid_namespaces(7)): a shell
// without a trap does not end on SIGTERM, here as in Docker.
func forwardSignals(signals <-chan os.Signal, to *os.Process) {
	for s := range signals {
		// The one error is that the process is gone, and then Wait returns too.
		_ = to.Signal(s)
	}
}

// releaseSignals gives the signals back their usual meaning.
func releaseSignals(signals chan os.Signal) {
	signal.Stop(signals)
	close(signals)
}
