// Package retry does things again that have failed for a reason that passes.
//
// The problem: lines break, and registries have too much to do. Who tries again at once makes
// that worse, and a password that is wrong stays wrong.
//
// The pauses become longer and longer, and are what the registry asks for if it does, by
// Retry-After. What passes is a list: all else, such as a full disk, fails at once.
//
//	curl --retry 4 http://localhost:5000/v2/
//
// To read: RFC 9110 on Retry-After and on the statuses 408, 429 and 503.
package retry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"drydock/final/transfer/stall"
)

// Tries is how often something is tried at most.
const Tries = 5

// longest is how long a registry can have us wait.
const longest = time.Minute

// Pauses are between tries: the first is so long, and each more twice as long.
type Pauses struct{ First time.Duration }

// While does something until it works, or fails in a way that is not worth another try.
func (p Pauses) While(ctx context.Context, isWorth func(error) bool, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || try == Tries || ctx.Err() != nil || !isWorth(err) {
			return err
		}
		if err := p.Wait(ctx, try, err); err != nil {
			return err
		}
	}
}

// Wait waits after the given try, at least as long as the error asks for.
func (p Pauses) Wait(ctx context.Context, try int, because error) error {
	pause := p.First << (try - 1)
	var later laterError
	if errors.As(because, &later) {
		pause = max(pause, min(later.after, longest))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// IsBusy tells whether an error is the registry's, which could do better another time.
func IsBusy(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && (answer.StatusCode >= 500 ||
		answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout)
}

// IsPassing tells whether an error is the registry's, or the line's.
func IsPassing(err error) bool {
	var slow net.Error
	return IsBusy(err) || errors.As(err, &slow) && slow.Timeout() || is[*net.OpError](err) || is[stall.Error](err) || is[streamError](err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func is[Kind error](err error) bool {
	var kind Kind
	return errors.As(err, &kind)
}

// A streamError is net/http's for one request of many on a line, of HTTP/2, that has broken. It is
// not exported, and takes for itself what has its fields.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

// Error is part of error.
func (e streamError) Error() string { return "the stream is broken" }

// A laterError is an answer that says when to ask again.
type laterError struct {
	error
	after time.Duration
}

func (e laterError) Unwrap() error { return e.error }

// After returns the error of an answer, with what that says of when to ask again.
func After(answer *http.Response, err error) error {
	if seconds, parseErr := strconv.Atoi(answer.Header.Get("Retry-After")); parseErr == nil {
		return laterError{err, time.Duration(seconds) * time.Second}
	}
	return err
}
