package stats

import (
	"bytes"
	"context"
	"io"
	"time"

	"drydock/final/format"
)

// Options are those of docker stats.
type Options struct {
	NoStream bool
	NoTrunc  bool
	Format   string
	// Ticks are when to look; without, it is each second.
	Ticks <-chan time.Time
}

// Show shows what containers use: once, between two looks, or from look to look, until ctx is done. list
// says at each look which they are.
func Show(ctx context.Context, w io.Writer, list func() ([]Container, error), o Options) error {
	columns, err := format.Parse(o.Format, Columns, false)
	if err != nil {
		return err
	}
	if o.Ticks == nil {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		o.Ticks = ticker.C
	}
	var before look
	for first := true; ; first = false {
		containers, err := list()
		if err != nil {
			return err
		}
		now, err := read(containers)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := format.Write(&text, columns, RowHeader, rows(containers, before, now, o.NoTrunc)); err != nil {
			return err
		}
		switch {
		case o.NoStream && len(containers) == 0:
			return nil
		case o.NoStream && !first:
			_, err := text.WriteTo(w)
			return err
		case !o.NoStream:
			if _, err := w.Write(frame(text.Bytes())); err != nil {
				return err
			}
		}
		before = now
		select {
		case <-ctx.Done():
			return nil
		case <-o.Ticks:
		}
	}
}

// The escape sequences of a screen that is written over: console_codes(4).
const (
	home      = "\x1b[H"
	eraseRest = "\x1b[K" // of the line
	eraseDown = "\x1b[J"
)

// frame is a text that takes the place of the one before: erased is only what it leaves, so that nothing
// flickers.
func frame(text []byte) []byte {
	lines := bytes.ReplaceAll(text, []byte("\n"), []byte(eraseRest+"\n"))
	return append(append([]byte(home), lines...), eraseDown...)
}
