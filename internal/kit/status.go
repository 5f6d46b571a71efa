package kit

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// statusOf says how a command ended, in the words that status and finish take: the
// exit status, or the name of the signal that killed it. Signals are not shown as
// 128+n, which a program may also exit with.
func statusOf(err error) string {
	var exit *exec.ExitError
	switch {
	// The program has ended well; something it left has its output open, which the
	// snapshot will tell of.
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return "0"
	case errors.As(err, &exit):
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			return unix.SignalName(ws.Signal())
		}
		return strconv.Itoa(exit.ExitCode())
	}
	return fmt.Sprintf("unknown (%v)", err)
}

func checkStatus(ts *testscript.TestScript, err error, want string) {
	if got := statusOf(err); got != want {
		ts.Fatalf("status %s, want %s", got, want)
	}
}

func isStatus(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n < 256 || unix.SignalNum(s) != 0
}

// isName tells whether s can be the name of a variable.
func isName(s string) bool {
	for i, c := range s {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
