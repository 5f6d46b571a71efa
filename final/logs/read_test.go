package logs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

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
