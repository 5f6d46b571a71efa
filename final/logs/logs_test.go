package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"drydock/final/lines"
)

func create(t testing.TB, path string, o Options) *Writer {
	t.Helper()
	if o.Failed == nil {
		o.Failed = func(err error) { t.Error(err) }
	}
	w, err := Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() }) //nolint:errcheck // closed twice by some
	return w
}

func print(t testing.TB, w *Writer, stream string, parts ...string) {
	t.Helper()
	s := w.Stream(stream)
	for _, part := range parts {
		if n, err := s.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// all is the query for everything.
func all() Query { return Query{Stdout: true, Stderr: true, Query: lines.Query{Tail: -1}} }

// read has an entry as its stream's fourth letter and its text.
func read(t testing.TB, path string, q Query) (got []string) {
	t.Helper()
	err := Read(t.Context(), path, q, func(e Entry) error {
		got = append(got, e.Stream[3:4]+string(e.Log))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

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

func TestQuery(t *testing.T) {
	path := t.TempDir() + "/log"
	w := create(t, path, Options{})
	var at []time.Time
	for i := range 4 {
		print(t, w, []string{"stdout", "stderr"}[i%2], fmt.Sprintln(i))
	}
	if err := Read(t.Context(), path, all(), func(e Entry) error { at = append(at, e.Time); return nil }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(q *Query)
		want   string
	}{
		{func(*Query) {}, "o0 e1 o2 e3"},
		{func(q *Query) { q.Stdout = false }, "e1 e3"},
		{func(q *Query) { q.Stderr = false; q.Tail = 1 }, ""},
		{func(q *Query) { q.Tail = ParseTail("3") }, "e1 o2 e3"},
		{func(q *Query) { q.Tail = ParseTail("0") }, ""},
		{func(q *Query) { q.Tail = ParseTail("all") }, "o0 e1 o2 e3"},
		{func(q *Query) { q.Since = at[1] }, "e1 o2 e3"},
		{func(q *Query) { q.Until = at[1] }, "o0 e1"},
		{func(q *Query) { q.Since = at[2]; q.Tail = 1 }, "e3"},
		{func(q *Query) { q.Since = at[3].Add(1) }, ""},
		{func(q *Query) { q.Until = time.Now(); q.Follow = true }, "o0 e1 o2 e3"}, // and waits for nothing
	} {
		q := all()
		c.change(&q)
		if got := strings.ReplaceAll(strings.Join(read(t, path, q), ""), "\n", " "); strings.TrimSpace(got) != c.want {
			t.Errorf("%+v: %q, want %q", q, got, c.want)
		}
	}
}

// TestDamaged passes over what is no entry, and tells of it.
func TestDamaged(t *testing.T) {
	path := t.TempDir() + "/log"
	print(t, create(t, path, Options{}), "stdout", "a\n")
	if err := os.WriteFile(path+".1", []byte("\x00\x00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := 0
	err := Read(t.Context(), path, all(), func(Entry) error { got++; return nil })
	if err == nil || !strings.HasPrefix(err.Error(), path+` has lines that are no entries of a log, such as "\x00\x00": `) || got != 1 {
		t.Errorf("%d entries, %v", got, err)
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

func TestParseOptions(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        Options
		err         string
	}{
		{name: "max-size", value: "10m", want: Options{MaxSize: 10_000_000}},
		{name: "max-size", value: "5", want: Options{MaxSize: 5}},
		{name: "max-size", value: "0", err: "max-size must be a positive number"},
		{name: "max-size", value: "x", err: "invalid size: 'x'"},
		{name: "max-file", value: "3", want: Options{MaxFile: 3}},
		{name: "max-file", value: "0", err: "max-file cannot be less than 1"},
		{name: "max-file", value: "x", err: `strconv.Atoi: parsing "x": invalid syntax`},
		{name: "labels", value: "x", err: "log opt 'labels' is not supported: there are max-file and max-size"},
		{name: "max-sizes", value: "1", err: "unknown log opt 'max-sizes' for json-file log driver"},
	} {
		got, err := ParseOptions(map[string]string{c.name: c.value})
		text := ""
		if err != nil {
			text, got = err.Error(), Options{}
		}
		if text != c.err || got.MaxSize != c.want.MaxSize || got.MaxFile != c.want.MaxFile {
			t.Errorf("%s=%s: %+v, %v", c.name, c.value, got, err)
		}
	}
}

func TestPrint(t *testing.T) {
	at := time.Date(2024, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600))
	entries := []Entry{
		{[]byte("a\n"), "stdout", at, nil},
		{[]byte("b\n"), "stderr", at, map[string]string{"z": "1", "a b": "2,3"}},
		{[]byte("c"), "stdout", at, nil},
	}
	for want, p := range map[string]Printer{
		"oa\neb\noc":   {},
		"oa\n oc":      {Details: true},
		"o a\ne b\no ": {Timestamps: true},
	} {
		var got strings.Builder
		p.Stdout = writer(func(text []byte) { got.WriteString("o" + string(text)) })
		p.Stderr = writer(func(text []byte) { got.WriteString("e" + string(text)) })
		for _, e := range entries {
			if err := p.Print(e); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		stamp := "2024-01-02T02:04:05.000000600Z"
		switch {
		case p.Details:
			want = "o a\nea+b=2%2C3,z=1 b\no c"
		case p.Timestamps:
			want = "o" + stamp + " a\ne" + stamp + " b\no" + stamp + " c"
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

type writer func([]byte)

func (w writer) Write(text []byte) (int, error) { w(text); return len(text), nil }

// TestFailure has a log that cannot be written: whoever writes goes on, and one is told, once.
func TestFailure(t *testing.T) {
	var told []error
	w := create(t, t.TempDir()+"/log", Options{Failed: func(err error) { told = append(told, err) }})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	print(t, w, "stdout", "a\n", "b\n")
	if len(told) != 1 || !errors.Is(told[0], os.ErrClosed) {
		t.Errorf("told are %v", told)
	}
}

// FuzzText compares with encoding/json.
func FuzzText(f *testing.F) {
	for _, text := range []string{"", "a", "\x00\t\r\n\x1f\x7f\"\\/<>&", "世\u2028\u2029\U0001f600", "\xff\xe4\xb8", "\ufffd"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want, err := json.Marshal(string(text))
		if err != nil {
			t.Fatal(err)
		}
		var sent, got string
		quoted := append(appendText([]byte{'"'}, text), '"')
		if err := json.Unmarshal(want, &sent); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(quoted, &got); err != nil || got != sent {
			t.Errorf("%q becomes %s: %v, want %s", text, quoted, err, want)
		}
		if n := cut(text); n > 0 && (n > 3 || utf8.FullRune(text[len(text)-n:])) {
			t.Errorf("the end of %q is cut by %d", text, n)
		}
	})
}

// FuzzDecode compares our reading of lines with that of encoding/json.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{"a\n", "\x00\r\"\\<\u2028\xff世", ""} {
		f.Add(bytes.TrimSpace(appendEntry(nil, []byte(text), ending("stdout", time.Unix(1, 2)))))
	}
	f.Add([]byte(`{"log":"\ud83d\ude00\t\/","stream":"stderr","time":"2024-01-02T03:04:05+01:00"}`))
	f.Add([]byte(`{"log":"\u+0a1","stream":"stderr","time":"2024-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var d decoder
		got, ours := d.ours(line)
		if !ours {
			return
		}
		var want struct {
			Log, Stream string
			Time        time.Time
		}
		err := json.Unmarshal(line, &want)
		if err != nil || want.Log != string(got.Log) || want.Stream != got.Stream || !want.Time.Equal(got.Time) {
			t.Errorf("%s is %+v, want %+v, %v", line, got, want, err)
		}
	})
}

// TestOurs reads what we write without encoding/json.
func TestOurs(t *testing.T) {
	var d decoder
	for _, text := range []string{"a\n", "\x00\r\"\\<\u2028世", ""} {
		got, ours := d.ours(bytes.TrimSpace(appendEntry(nil, []byte(text), ending("stderr", time.Unix(1, 2)))))
		if !ours || string(got.Log) != text || got.Stream != "stderr" || !got.Time.Equal(time.Unix(1, 2)) {
			t.Errorf("%q is read as %+v, %v", text, got, ours)
		}
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

// BenchmarkRead is the same, read.
func BenchmarkRead(b *testing.B) {
	path := b.TempDir() + "/log"
	print(b, create(b, path, Options{}), "stdout", strings.Repeat(strings.Repeat("y", 99)+"\n", 1e6))
	for b.Loop() {
		if err := Read(b.Context(), path, all(), func(Entry) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(100e6)
}
