package lines

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

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
