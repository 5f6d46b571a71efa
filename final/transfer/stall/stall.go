// Package stall gives up lines on which nothing happens.
//
// The problem: a machine that is switched off does not say so, and TCP waits for it for hours.
// How long a whole layer takes says nothing: it may be large.
//
// The mechanism: a timer that is set anew whenever something happens, and ends the request when
// it runs out. It is stopped while nobody waits for the line.
//
//	curl --speed-time 60 --speed-limit 1 http://localhost:5000/v2/
//
// To read: the documentation of Go's context.WithCancelCause and time.AfterFunc.
package stall

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// An Error is the end of a line on which nothing has happened.
type Error struct{ after time.Duration }

// Error is part of error.
func (e Error) Error() string { return fmt.Sprintf("nothing has come for %v", e.after) }

// A Line is one request, and what comes back.
type Line struct {
	Context context.Context // ends with the line
	cancel  context.CancelCauseFunc
	limit   time.Duration
	lock    sync.Mutex
	clock   *time.Timer
}

// Watch returns a line on which something is expected within a time.
func Watch(ctx context.Context, within time.Duration) *Line {
	l := &Line{limit: within}
	l.Context, l.cancel = context.WithCancelCause(ctx)
	l.Expect(within)
	return l
}

// Expect sets the timer anew.
func (l *Line) Expect(within time.Duration) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.clock != nil {
		l.clock.Stop()
	}
	l.clock = time.AfterFunc(within, func() { l.cancel(Error{within}) })
}

// Pause stops the timer.
func (l *Line) Pause() {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.clock.Stop()
}

// Read reads from what has come on the line.
func (l *Line) Read(from io.Reader, p []byte) (int, error) {
	l.Expect(l.limit)
	defer l.Pause()
	n, err := from.Read(p)
	return n, l.Why(err)
}

// Sending returns content that is being sent on the line, and is read as fast as that takes it.
// When all of it is read, an answer is expected within another time.
func (l *Line) Sending(content io.ReadCloser, answer time.Duration) io.ReadCloser {
	return sending{content, l, answer}
}

type sending struct {
	io.ReadCloser
	line   *Line
	answer time.Duration
}

// Read is part of io.Reader.
func (s sending) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil {
		s.line.Expect(s.answer)
	} else {
		s.line.Expect(s.line.limit)
	}
	return n, err
}

// Why returns the error of something on the line, or why the line ended.
func (l *Line) Why(err error) error {
	if err != nil && l.Context.Err() != nil {
		return context.Cause(l.Context)
	}
	return err
}

// Close ends the line.
func (l *Line) Close() {
	l.Pause()
	l.cancel(context.Canceled)
}
