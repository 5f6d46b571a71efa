package kit

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// A snapshot is the state of the machine, as far as programs that make containers
// change it: the text of every part. Numbers that move by themselves (counters,
// lifetimes) are left out.
type snapshot struct {
	parts map[string]string
	pids  map[int]bool // the test's descendants, to tell new ones from old
}

// takeSnapshot reads every part. It must be called on the place's own thread.
func takeSnapshot(p place) (snapshot, error) {
	all := parts(p)
	s := snapshot{parts: map[string]string{}, pids: map[int]bool{}}
	for name, read := range all {
		text, err := read()
		if err != nil {
			return s, fmt.Errorf("take a snapshot: %s: %w", name, err)
		}
		s.parts[name] = text
	}
	table, err := processes()
	for _, proc := range descendants(table, os.Getpid()) {
		s.pids[proc.pid] = true
	}
	return s, err
}

// settle waits until the machine is again as in the snapshot, which what the kernel
// takes down in its own time may need a moment for. It returns what is still
// different at the limit, as lines to read.
func (s snapshot) settle(p place, limit time.Duration) (string, error) {
	all := parts(p)
	names := slices.Sorted(maps.Keys(all))
	differ := map[string]string{}
	var failed error
	poll(limit, func() bool {
		failed = nil
		names = slices.DeleteFunc(names, func(name string) bool {
			now, err := all[name]()
			failed = errors.Join(failed, err)
			differ[name] = difference(s.parts[name], now)
			return err == nil && differ[name] == ""
		})
		return len(names) == 0
	})
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s:\n%s", name, differ[name])
	}
	return b.String(), failed
}

// difference returns the lines that are only before, marked -, and only after,
// marked +; or nothing if the texts are equal byte for byte.
func difference(before, after string) string {
	if before == after {
		return ""
	}
	count := map[string]int{}
	for line := range strings.Lines(after) {
		count[line]++
	}
	var b strings.Builder
	for line := range strings.Lines(before) {
		if count[line]--; count[line] < 0 {
			fmt.Fprintf(&b, "  - %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	for line := range strings.Lines(after) {
		if count[line]--; count[line] >= 0 {
			fmt.Fprintf(&b, "  + %s\n", strings.TrimSuffix(line, "\n"))
		}
	}
	if b.Len() == 0 {
		return "  the same lines in another order\n"
	}
	return b.String()
}
