package cli

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
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
