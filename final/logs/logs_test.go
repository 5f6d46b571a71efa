package logs

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

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

func TestParseOptions(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        Options
		err         string
	}{
		{name: "max-size", value: "10m", want: Options{MaxSize: 10_000_000}},
		{name: "max-size", value: "5", want: Options{MaxSize: 5}},
		{name: "max-size", value: "0", err: "failed to initialize logging driver: max-size must be a positive number"},
		{name: "max-size", value: "x", err: "failed to initialize logging driver: invalid size: 'x'"},
		{name: "max-file", value: "3", want: Options{MaxFile: 3}},
		{name: "max-file", value: "0", err: "failed to initialize logging driver: max-file cannot be less than 1"},
		{name: "max-file", value: "x", err: `failed to initialize logging driver: strconv.Atoi: parsing "x": invalid syntax`},
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
