package progress

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPlain has one line for each state, in the order in which they come, and no bars.
func TestPlain(t *testing.T) {
	var out bytes.Buffer
	d := New(&out)
	d.Println("latest: Pulling from box")
	one, two := d.Row("one"), d.Row("two")
	one.Say("Pulling fs layer")
	two.Say("Pulling fs layer")
	if _, err := io.ReadAll(one.Reader(strings.NewReader("content"), "Downloading", 7)); err != nil {
		t.Error(err)
	}
	one.Say("Download complete")
	want := "latest: Pulling from box\none: Pulling fs layer\ntwo: Pulling fs layer\none: Download complete\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// A screen is a terminal, as far as we use it.
type screen struct {
	rows   []string
	cursor int
}

func (s *screen) Write(p []byte) (int, error) {
	for text := string(p); text != ""; {
		switch {
		case strings.HasPrefix(text, "\x1b["):
			var n int
			end := strings.IndexAny(text, "ABK")
			for _, digit := range text[2:end] {
				n = n*10 + int(digit-'0')
			}
			switch text[end] {
			case 'A':
				s.cursor -= n
			case 'B':
				s.cursor += n
			case 'K':
				s.rows[s.cursor] = ""
			}
			text = text[end+1:]
		case text[0] == '\n':
			s.cursor++
			text = text[1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			for len(s.rows) <= s.cursor+1 {
				s.rows = append(s.rows, "")
			}
			s.rows[s.cursor] += text[:1]
			text = text[1:]
		}
	}
	return len(p), nil
}

// TestTerminal looks at what is on the screen in the end: each row where it began, with its
// last state, and a line that is too long cut off.
func TestTerminal(t *testing.T) {
	s := &screen{}
	d := New(s)
	d.width = func() int { return 30 }
	d.Println("Pulling")
	one, two := d.Row("one"), d.Row("two")
	one.Say("Waiting")
	two.Say("Waiting")
	if _, err := io.ReadAll(one.Reader(strings.NewReader("content"), "Downloading", 7)); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"Pulling", "one: Downloading       7B/7B", "two: Waiting", ""}, s.rows); diff != "" {
		t.Error(diff)
	}
	one.Say("Pull complete")
	two.Say(strings.Repeat("long ", 10))
	d.Println("Digest")
	late := d.Row("late")
	late.Say("here")
	want := []string{"Pulling", "one: Pull complete", "two: long long long long long ", "Digest", "late: here", ""}
	want[2] = want[2][:29]
	if diff := cmp.Diff(want, s.rows); diff != "" {
		t.Error(diff)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		at, size int64
		width    int
		want     string
	}{
		{1e6, 2e6, 80, "     1MB/2MB"},
		{1e6, 2e6, 120, "[=========================>                         ]      1MB/2MB"},
		{2e6, 2e6, 120, "[==================================================>]      2MB/2MB"},
		{1, 0, 120, "      1B/0B"},
	} {
		if diff := cmp.Diff(c.want, bar(c.at, c.size, c.width)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestEscapes: what comes from strangers does not write to the terminal.
func TestEscapes(t *testing.T) {
	var out bytes.Buffer
	d := New(&out)
	d.Println("Mirror", "h:", errors.New("\x1b[2J\u202e caf\u00e9 \xff\n\""))
	d.Row("a\r").Say("\x9b3A")
	if d := cmp.Diff("Mirror h: \\x1b[2J\\u202e café \\xff\\n\"\na\\r: \\x9b3A\n", out.String()); d != "" {
		t.Error(d)
	}
}
