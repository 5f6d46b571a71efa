package process

import (
	"errors"
	"io/fs"
	"os/exec"
)

// A Failure is the reason why a container did not start, with the exit code that
// Docker has for it: 125 for the engine's own, 126 for a command that cannot be
// run, 127 for one that is not there.
type Failure struct {
	Text string
	Code int
	err  error
}

// Error is the reason.
func (f *Failure) Error() string { return f.Text }

// Unwrap is the error that it was made of, in the process where that happened.
func (f *Failure) Unwrap() error { return f.err }

// ExitCode is Docker's exit code for an error of this package or any other.
func ExitCode(err error) int {
	var f *Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return 125
}

// failure gives an error of finding or executing a program its exit code.
func failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return &Failure{Text: err.Error(), Code: 127, err: err}
	}
	return &Failure{Text: err.Error(), Code: 126, err: err}
}
