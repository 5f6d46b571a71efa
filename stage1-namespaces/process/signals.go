package process

import (
	"os"
	"os/signal"
	"syscall"
)

// forwarded are the signals that belong to the container when somebody sends them to
// us. Those of job control stay ours: Ctrl-Z stops stage1 like any program.
var forwarded = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
	syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGCONT, syscall.SIGWINCH,
}

// catchSignals has these signals queue up instead of ending this process. A signal
// that our caller had us ignore, as nohup(1) does with SIGHUP, stays ignored.
func catchSignals() chan os.Signal {
	signals := make(chan os.Signal, 64)
	for _, s := range forwarded {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
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
