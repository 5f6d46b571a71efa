package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"drydock/final/transfer/wire"
)

const (
	tries   = 5
	longest = time.Minute // that a registry can have us wait
)

// retry does things again that did not work, with longer and longer pauses, so that a
// registry that has too much to do gets less.
type retry struct{ pause time.Duration }

// while does something until it works, or fails in a way that is not worth another try.
func (r retry) while(ctx context.Context, isWorth func(error) bool, do func() error) error {
	for try := 1; ; try++ {
		err := do()
		if err == nil || try == tries || ctx.Err() != nil || !isWorth(err) {
			return err
		}
		if err := r.wait(ctx, try, err); err != nil {
			return err
		}
	}
}

// wait waits after the given try, at least as long as the error asks for.
func (r retry) wait(ctx context.Context, try int, because error) error {
	pause := r.pause << (try - 1)
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

// isBusy tells whether an error is the registry's, which could do better another time.
func isBusy(err error) bool {
	var answer *transport.Error
	return errors.As(err, &answer) && (answer.StatusCode >= 500 ||
		answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusRequestTimeout)
}

// isPassing tells whether an error is the registry's, or the line's.
func isPassing(err error) bool {
	var answer *transport.Error
	var certificate *tls.CertificateVerificationError
	var plain wire.PlainError
	return isBusy(err) || !errors.As(err, &answer) && !errors.As(err, &certificate) && !errors.As(err, &plain)
}

// A laterError is an answer that says when to ask again.
type laterError struct {
	error
	after time.Duration
}

func (e laterError) Unwrap() error { return e.error }

// check refuses an answer that has none of the statuses.
func check(answer *http.Response, statuses ...int) error {
	err := transport.CheckError(answer, statuses...)
	if err == nil {
		return nil
	}
	answer.Body.Close()
	if seconds, parseErr := strconv.Atoi(answer.Header.Get("Retry-After")); parseErr == nil {
		return laterError{err, time.Duration(seconds) * time.Second}
	}
	return err
}

// do sends a request without a body, again if need be, and returns an answer of one of the
// statuses.
func (r *Repository) do(ctx context.Context, method, url string, statuses ...int) (answer *http.Response, err error) {
	err = r.retry.while(ctx, isPassing, func() error {
		request, err := http.NewRequestWithContext(ctx, method, url, nil)
		if err == nil {
			answer, err = r.send(request, statuses...) //nolint:bodyclose // whoever gets it does
		}
		return err
	})
	return answer, r.explain(err)
}

// send sends a request once.
func (r *Repository) send(request *http.Request, statuses ...int) (*http.Response, error) {
	for _, mediaType := range manifests {
		request.Header.Add("Accept", mediaType)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	return answer, check(answer, statuses...)
}
