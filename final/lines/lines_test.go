package lines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func rotate(t *testing.T, path string, keep int) {
	t.Helper()
	file, err := Rotate(path, keep)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
}

func read(t *testing.T, path string, tail int) string {
	t.Helper()
	var got []string
	err := Read(t.Context(), path, Query{Tail: tail}, func(line []byte) error {
		got = append(got, string(line))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

// TestRotate has the names that files get, of three that are kept.
func TestRotate(t *testing.T) {
	path := t.TempDir() + "/log"
	for i, want := range []string{"0", "0 1", "0 1 2", "1 2 3", "2 3 4"} {
		if i > 0 {
			rotate(t, path, 3)
		}
		write(t, path, fmt.Sprintln(i))
		if got := read(t, path, -1); got != want {
			t.Errorf("after %d there is %q, want %q", i, got, want)
		}
	}
	names, err := filepath.Glob(path + "*")
	if diff := cmp.Diff([]string{path, path + ".1", path + ".2"}, names); diff != "" || err != nil {
		t.Errorf("%v, names (-want +got):\n%s", err, diff)
	}
}

// TestRotateOne keeps no older file, but whoever reads the old one does.
func TestRotateOne(t *testing.T) {
	path := t.TempDir() + "/log"
	write(t, path, "old\n")
	old, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	rotate(t, path, 1)
	write(t, path, "new\n")
	if got := read(t, path, -1); got != "new" {
		t.Errorf("there is %q, want new", got)
	}
	if state, err := old.Stat(); err != nil || state.Size() != 4 {
		t.Errorf("the old file is not as it was: %v", err)
	}
}

// TestKilled has what is there when whoever rotated was killed: a number is missing, or the file
// itself. All is read, and the next rotation mends it.
func TestKilled(t *testing.T) {
	for _, missing := range []int{0, 1, 2} {
		path := t.TempDir() + "/log"
		for number, text := range map[int]string{0: "d", 1: "c", 2: "b", 3: "a"} {
			if number != missing {
				write(t, numbered(path, number), text+"\n")
			}
		}
		want := []string{"b c d", "a c d", "a b d", "a b c"}[3-missing]
		if got := read(t, path, -1); got != want {
			t.Errorf("without number %d there is %q, want %q", missing, got, want)
		}
		if missing == 0 {
			continue
		}
		rotate(t, path, 4)
		write(t, path, "e\n")
		if got := read(t, path, -1); got != want+" e" {
			t.Errorf("without number %d there is %q after rotating, want %q and e", missing, got, want)
		}
	}
}

// TestAppend cuts off half a line that a killed writer left.
func TestAppend(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	for text, want := range map[string]string{"": "", "a\n": "a", "a\nb": "a", "b": "", "a\n" + long: "a", long: "", long + "\n": long} {
		path := t.TempDir() + "/log"
		write(t, path, text)
		file, size, err := Append(path)
		if err != nil {
			t.Fatal(err)
		}
		state, err := file.Stat()
		if err != nil || state.Size() != size {
			t.Errorf("%.9q has %d bytes, told are %d: %v", text, state.Size(), size, err)
		}
		if _, err := file.WriteString("z\n"); err != nil {
			t.Fatal(err)
		}
		file.Close()
		if got := strings.TrimSuffix(read(t, path, -1), "z"); strings.TrimSpace(got) != want {
			t.Errorf("%.9q has become %.9q, want %.9q", text, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	path := t.TempDir() + "/log"
	long := strings.Repeat("x", 200<<10) // more than is read at once
	write(t, path+".2", "a\nb\n")
	write(t, path+".1", "c\n"+long+"\n")
	write(t, path, "e\nhalf")
	all := []string{"a", "b", "c", long, "e"}
	for tail := -1; tail < 8; tail++ {
		want := all
		if tail >= 0 {
			want = all[max(0, len(all)-tail):]
		}
		if got := read(t, path, tail); got != strings.Join(want, " ") {
			t.Errorf("the last %d are %d bytes, want %q", tail, len(got), want)
		}
	}
	if got := read(t, t.TempDir()+"/none", 3); got != "" {
		t.Errorf("no file has %q", got)
	}
}

// TestFollow writes and rotates, faster than is read, while lines are followed.
func TestFollow(t *testing.T) {
	path := t.TempDir() + "/log"
	write(t, path, "0\nhal")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done, idle, finished := make(chan struct{}), make(chan struct{}), make(chan error)
	const many = 5000
	var got []string
	go func() {
		finished <- Read(ctx, path, Query{Tail: 1, Follow: true, Done: done, Idle: func() error {
			select {
			case idle <- struct{}{}:
			default:
			}
			return nil
		}}, func(line []byte) error {
			got = append(got, string(line))
			return nil
		})
	}()
	<-idle // all that was there is read
	write(t, path, "f\n")
	want := []string{"0", "half"}
	for i := range many {
		if i%100 == 99 {
			lock, err := Lock(path, unix.LOCK_EX)
			if err != nil {
				t.Fatal(err)
			}
			rotate(t, path, 100)
			lock.Close()
		}
		write(t, path, fmt.Sprintln(i))
		want = append(want, fmt.Sprint(i))
	}
	close(done)
	if err := <-finished; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%.1000s", diff)
	}
}

// TestFollowWakes sees each line as soon as it is written, and then the end of its context.
func TestFollowWakes(t *testing.T) {
	path := t.TempDir() + "/log" // which does not exist yet
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, finished := make(chan string), make(chan error)
	go func() {
		finished <- Read(ctx, path, Query{Tail: -1, Follow: true}, func(line []byte) error {
			got <- string(line)
			return nil
		})
	}()
	for _, line := range []string{"a", "b", "c"} {
		write(t, path, line+"\n")
		if line == "b" {
			rotate(t, path, 1)
		}
		select {
		case seen := <-got:
			if seen != line {
				t.Errorf("seen is %q, want %q", seen, line)
			}
		case <-ctx.Done():
			t.Fatalf("%s was not seen", line)
		}
	}
	cancel()
	if err := <-finished; !errors.Is(err, context.Canceled) {
		t.Errorf("it ends with %v", err)
	}
}

func TestEnough(t *testing.T) {
	path := t.TempDir() + "/log"
	write(t, path, "a\nb\n")
	for want, err := range map[error]error{nil: ErrEnough, context.Canceled: context.Canceled} {
		calls := 0
		got := Read(t.Context(), path, Query{Tail: -1}, func([]byte) error { calls++; return err })
		if !errors.Is(got, want) || calls != 1 {
			t.Errorf("after %d lines: %v, want %v", calls, got, want)
		}
	}
}

// TestNoLine reads no file that never has an end of a line.
func TestNoLine(t *testing.T) {
	path := t.TempDir() + "/log"
	write(t, path, "")
	if err := os.Truncate(path, 64<<20); err != nil {
		t.Fatal(err)
	}
	err := Read(t.Context(), path, Query{Tail: -1}, func([]byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "is no line") {
		t.Errorf("zeros are read: %v", err)
	}
}
