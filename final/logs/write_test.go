package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/final/lines"
)

// TestSplit has lines as Docker's copier splits them, however the bytes come.
func TestSplit(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct {
		printed string
		want    []string
	}{
		{"", nil},
		{"\n", []string{"\n"}},
		{"a\nb\n\nc\n", []string{"a\n", "b\n", "\n", "c\n"}},
		{"a\r\nprompt", []string{"a\r\n", "prompt"}},
		{x(pieceSize-1) + "\n", []string{x(pieceSize-1) + "\n"}},
		{x(pieceSize) + "\n", []string{x(pieceSize), "\n"}},
		{x(pieceSize), []string{x(pieceSize)}},
		{x(2*pieceSize+3) + "\na", []string{x(pieceSize), x(pieceSize), "xxx\n", "a"}},
		{x(pieceSize-2) + "世\n", []string{x(pieceSize - 2), "世\n"}},
		{"ab" + strings.Repeat("世", pieceSize/3) + "\n", []string{"ab" + strings.Repeat("世", pieceSize/3-1), "世\n"}},
	} {
		for _, size := range []int{1, 7, pieceSize - 1, pieceSize, 64 << 10} {
			path := t.TempDir() + "/log"
			var parts []string
			for rest := c.printed; rest != ""; {
				n := min(size, len(rest))
				parts, rest = append(parts, rest[:n]), rest[n:]
			}
			print(t, create(t, path, Options{}), "stdout", parts...)
			var want []string
			for _, entry := range c.want {
				want = append(want, "o"+entry)
			}
			if diff := cmp.Diff(want, read(t, path, all())); diff != "" {
				t.Errorf("%.20q, %d bytes at once (-want +got):\n%.500s", c.printed, size, diff)
			}
		}
	}
}

// TestForm has a file byte by byte, and a piece with its line's time.
func TestForm(t *testing.T) {
	path := t.TempDir() + "/log"
	w := create(t, path, Options{})
	before := time.Now()
	print(t, w, "stderr", "a <b>\t\"\\\xff\u2028\n", strings.Repeat("x", pieceSize), "y\n")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	for line := range bytes.Lines(text) {
		var e struct{ Time time.Time }
		if err := json.Unmarshal(line, &e); err != nil || e.Time.Before(before) || e.Time.After(time.Now()) {
			t.Fatalf("%s: %v", line, err)
		}
		times = append(times, e.Time)
	}
	if len(times) != 3 || !times[1].Equal(times[2]) {
		t.Errorf("the times are %v", times)
	}
	want := `{"log":"a \u003cb\u003e\u0009\"\\\ufffd\u2028\n","stream":"stderr","time":"` + times[0].Format(time.RFC3339Nano) + `"}`
	if got, _, _ := strings.Cut(string(text), "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if state, err := os.Stat(path); err != nil || state.Mode() != 0o640 {
		t.Errorf("%v, %v", state.Mode(), err)
	}
}

// TestRotate has a file end with the entry that fills it, several times in one Write.
func TestRotate(t *testing.T) {
	path := t.TempDir() + "/log"
	w := create(t, path, Options{MaxSize: 100, MaxFile: 3}) // two entries
	print(t, w, "stdout", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")
	if diff := cmp.Diff([]string{"o5\n", "o6\n", "o7\n", "o8\n", "o9\n"}, read(t, path, all())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// It goes on in the next run of the container.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	print(t, create(t, path, Options{MaxSize: 100, MaxFile: 3}), "stderr", "10\n11\n12\n")
	if diff := cmp.Diff([]string{"o7\n", "o8\n", "o9\n", "e10\n", "e11\n", "e12\n"}, read(t, path, all())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	names, err := filepath.Glob(path + "*")
	if len(names) != 3 || err != nil {
		t.Errorf("there are %q, %v", names, err)
	}
}

// TestRotateLater writes on while a reader holds the files at their names.
func TestRotateLater(t *testing.T) {
	path := t.TempDir() + "/log"
	w := create(t, path, Options{MaxSize: 1, MaxFile: 5})
	reader, err := lines.Lock(path, unix.LOCK_SH)
	if err != nil {
		t.Fatal(err)
	}
	print(t, w, "stdout", "1\n2\n")
	if names, err := filepath.Glob(path + "*"); len(names) != 1 || err != nil {
		t.Errorf("there are %q, %v", names, err)
	}
	reader.Close()
	print(t, w, "stdout", "3\n")
	if names, err := filepath.Glob(path + "*"); len(names) != 2 || err != nil {
		t.Errorf("there are %q, %v", names, err)
	}
	if diff := cmp.Diff([]string{"o1\n", "o2\n", "o3\n"}, read(t, path, all())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestTwoStreams writes both at once, over many rotations, and follows: all is there, in order.
func TestTwoStreams(t *testing.T) {
	path := t.TempDir() + "/log"
	w := create(t, path, Options{MaxSize: 20_000, MaxFile: 1000})
	const many = 5000
	var writers sync.WaitGroup
	for _, name := range []string{"stdout", "stderr"} {
		writers.Go(func() {
			s := w.Stream(name)
			for i := range many {
				fmt.Fprintln(s, i)
			}
			s.Close()
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	q := all()
	q.Follow, q.Done = true, done
	next := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := Read(ctx, path, q, func(e Entry) error {
		if want := fmt.Sprintln(next[e.Stream]); string(e.Log) != want {
			return fmt.Errorf("%s has %q, want %q", e.Stream, e.Log, want)
		}
		next[e.Stream]++
		return nil
	})
	if err != nil || next["stdout"] != many || next["stderr"] != many {
		t.Errorf("%v are read: %v", next, err)
	}
}

// BenchmarkWrite is 100 MB of lines of 100 bytes, as they come from a pipe.
func BenchmarkWrite(b *testing.B) {
	chunk := bytes.Repeat([]byte(strings.Repeat("x<", 2)+strings.Repeat("y", 95)+"\n"), 655)
	for b.Loop() {
		w := create(b, b.TempDir()+"/log", Options{})
		s := w.Stream("stdout")
		for written := 0; written < 100e6; written += len(chunk) {
			s.Write(chunk) //nolint:errcheck // it never fails
		}
	}
	b.SetBytes(100e6)
}
