package logs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"drydock/final/lines"
)

// A Query is which entries to read.
type Query struct {
	Since, Until   time.Time // from the first that is not before, to the last not after; zero: any
	Stdout, Stderr bool
	lines.Query    // Tail counts the entries of both outputs, and before the others are left out
}

// ParseTail reads how many entries --tail wants: as for Docker, whatever is no number is all.
func ParseTail(text string) int {
	tail, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return tail
}

// Read calls each for the entries of the log of path and of its older files, in order. What an
// entry has is valid until each returns. A line that is no entry is passed over, and told of
// by the error, when all else is read.
func Read(ctx context.Context, path string, q Query, each func(Entry) error) error {
	if q.Follow && !q.Until.IsZero() {
		var stop func()
		q.Done, stop = doneAt(q.Done, q.Until)
		defer stop()
	}
	var bad error
	var d decoder
	begun := q.Since.IsZero()
	err := lines.Read(ctx, path, q.Query, func(line []byte) error {
		entry, err := d.decode(line)
		if err != nil {
			if bad == nil {
				bad = fmt.Errorf("%s has lines that are no entries of a log, such as %.60q: %w", path, line, err)
			}
			return nil
		}
		// Times may go back: from the first that is late enough, all are wanted.
		begun = begun || !entry.Time.Before(q.Since)
		switch {
		case !q.Until.IsZero() && entry.Time.After(q.Until):
			return lines.ErrEnough
		case !begun, entry.Stream == "stdout" && !q.Stdout, entry.Stream == "stderr" && !q.Stderr:
			return nil
		}
		return each(entry)
	})
	if err == nil {
		err = bad
	}
	return err
}

// doneAt is a done that also comes at a time: who waits for more until then may wait in vain.
func doneAt(done <-chan struct{}, at time.Time) (<-chan struct{}, func()) {
	ctx, cancel := context.WithDeadline(context.Background(), at)
	go func() {
		select {
		case <-done:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx.Done(), cancel
}
