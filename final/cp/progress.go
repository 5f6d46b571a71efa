package cp

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// The escape sequences of a line that is written over and over: console_codes(4).
const (
	saveCursor    = "\x1b7"
	restoreCursor = "\x1b8"
	hideCursor    = "\x1b[?25l"
	showCursor    = "\x1b[?25h"
	eraseLine     = "\x1b[2K"
	eraseRest     = "\x1b[K"
)

// The headers of Progress.
const (
	ToHeader   = "Copying to container - "
	FromHeader = "Copying from container - "
)

// Progress shows on a terminal how much has travelled, until stop is called, which takes the line away.
func Progress(terminal io.Writer, header string, travelled *atomic.Int64) (stop func()) {
	fmt.Fprint(terminal, saveCursor, hideCursor, eraseLine, header, human(0))
	ticks := time.NewTicker(75 * time.Millisecond) // as often as Docker's
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for last := int64(0); ; {
			select {
			case <-done:
				return
			case <-ticks.C:
			}
			if now := travelled.Load(); now != last {
				fmt.Fprintf(terminal, "\x1b[%dG%s%s", len(header)+1, eraseRest, human(now))
				last = now
			}
		}
	}()
	return func() {
		ticks.Stop()
		close(done)
		<-ended
		fmt.Fprint(terminal, restoreCursor, eraseLine, showCursor)
	}
}
