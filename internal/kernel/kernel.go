// Package kernel is the one door to the system calls that make a container.
//
// There is one function per system call. It has the signature that
// golang.org/x/sys/unix gives it, preceded by a sentence that says why this call
// is made here, and does three things:
//
//   - it performs the call;
//   - it gives an error its context: "mount overlay on /x: invalid argument";
//   - if somebody listens (--explain), it tells the step beforehand: the sentence,
//     the call with its real arguments, and the shell command that does the same.
//
// The shell command is derived here, from the arguments, and never written where
// the call is made, so it cannot say something else than the program does.
package kernel

import (
	"cmp"
	"fmt"
	"io"
)

// A Step is one system call about to be made, told in three ways.
type Step struct {
	Who   string // "init" for the child that becomes the container; empty for the parent
	Why   string // the sentence given by the caller
	Call  string // the call in C's notation: mount("proc", "proc", "proc", MS_NOSUID, "")
	Shell string // the command that does the same, quoted for a POSIX shell; empty if there is none
}

// Explain, if not nil, is told every step just before it is taken. It is the one
// variable of this package, and is set once, before the first call: passing it
// along would add an argument to every function between a flag and the kernel.
var Explain func(Step)

// Print returns a function for Explain that writes steps to w, as a person reads
// them: the sentence and the call as comments, the command as a line to paste.
func Print(w io.Writer) func(Step) {
	return func(s Step) {
		shell := s.Shell
		if shell == "" {
			shell = "# no shell form"
		}
		fmt.Fprintf(w, "# %s: %s\n#   %s\n%s\n", cmp.Or(s.Who, "parent"), s.Why, s.Call, shell)
	}
}

// tell hands a step to whoever listens. The two texts are made by a function,
// called only then: explaining costs nothing while nobody listens.
func tell(why string, texts func() (call, shell string)) {
	if Explain == nil {
		return
	}
	call, shell := texts()
	Explain(Step{Why: why, Call: call, Shell: shell})
}

// Tell is for what reaches the kernel through a library: requests of netlink(7), of which all go
// through sendto(2). Where a request is sent, its shell form is
// made from it.
func Tell(why string, texts func() (call, shell string)) { tell(why, texts) }

// context puts an operation and its object before an error, and keeps nil nil.
func context(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
