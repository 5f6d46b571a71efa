// Package undo takes back what has been done so far, last thing first.
//
// A container is built in steps, and each step can fail after the earlier ones
// have left something in the kernel: a process, a cgroup, a network link. Each
// step that succeeds therefore adds the call that takes it back; whoever leaves,
// in failure or at the end, runs them all.
//
// An entry is a one-line call of a mechanism's teardown with names and ids as
// arguments, never live state, and it is idempotent: what is already gone counts
// as undone. So the same teardown also serves a later command that finds the
// container dead.
package undo

import "errors"

// A Stack holds the calls that take back what was done. The zero value is empty.
type Stack struct {
	entries []func() error
}

// Add puts f on top of the stack, to be called before all that was added earlier.
func (s *Stack) Add(f func() error) {
	s.entries = append(s.entries, f)
}

// Run empties the stack, calling every entry, last added first. An entry that
// fails does not keep the others from running; all errors are returned joined.
func (s *Stack) Run() error {
	var failed []error
	for len(s.entries) > 0 {
		last := len(s.entries) - 1
		entry := s.entries[last]
		s.entries = s.entries[:last]
		failed = append(failed, entry())
	}
	return errors.Join(failed...)
}

// Release empties the stack without calling anything: what was done is to stay.
func (s *Stack) Release() {
	s.entries = nil
}
