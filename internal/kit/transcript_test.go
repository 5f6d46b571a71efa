package kit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestKernelTranscripts(t *testing.T) {
	aHost(t)
	Transcripts(t, "testdata/chapter/README.md")
}

// TestKernelStaleTranscripts shows what a chapter that has gone stale is told.
func TestKernelStaleTranscripts(t *testing.T) {
	needRoot(t)
	if os.Getenv("KIT_FAIL") != "" {
		aHost(t)
		Transcripts(t, "testdata/chapter/stale.md")
		return
	}
	out := runSelf(t, "KIT_FAIL=1")
	want := []string{
		"testdata/chapter/stale.md:4: echo two; echo and a half",
		"testdata/chapter/stale.md:7: echo three",
		"testdata/chapter/stale.md:13: echo never",
		"testdata/chapter/stale.md:11: its bash ended so: exit status",
		"state root:",
		"  + -rw-r--r-- 0 bytes /left",
	}
	for _, line := range want {
		if !strings.Contains(out, line) {
			t.Errorf("the output has no %q", line)
		}
	}
	if strings.Contains(out, "stale.md:2:") {
		t.Error("a step that is as it says is complained of")
	}
	if t.Failed() {
		t.Logf("the output:\n%s", out)
	}
}

func TestParseTranscript(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       string // the error, or none
	}{
		{"no command", "```console\noutput\n```", `2: a transcript begins with a command after "# " or "$ "`},
		{"empty", "```console\n```", "1: this transcript is empty"},
		{"two users", "```console\n# id\n$ id\n```", "3: one block, one user: begin another"},
		{"unknown word", "x\n```console kvm\n# id\n```", `2: "kvm" says nothing to a transcript, only vm does`},
		{"typed first", "```console\n/ # id\n```", `2: a transcript begins with a command after "# " or "$ "`},
		{"unclosed", "x\n```console\n# id\n", "2: this block is never closed"},
		{"none", "```sh\nid\n```", " no block of language console"},
		{"good", "```console vm\n# id\n```", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "README.md")
			if err := os.WriteFile(file, []byte(test.text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got := ""
			if _, err := readTranscripts(file); err != nil {
				got = strings.TrimPrefix(err.Error(), file+":")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	b := block{line: 7, info: []string{"console"}, lines: []string{
		"$ one 'a b'", "out", "#of one", "$ two", "/ # typed", "more", "/ # exit",
	}}
	got, err := parseTranscript(b)
	if err != nil {
		t.Fatal(err)
	}
	want := transcript{line: 7, steps: []step{
		{line: 7, command: "one 'a b'", want: []string{"out", "#of one"}},
		{line: 10, command: "two", typed: []string{"typed", "exit"}, want: []string{"more"}},
	}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(transcript{}, step{})); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
}

func TestMatchLines(t *testing.T) {
	for _, test := range []struct {
		want, got string
		ok        bool
	}{
		{"", "", true},
		{"a", "a\n", true},
		{"a", "a  \n\n", true},
		{"a", "", false},
		{"", "a", false},
		{"a\nb", "b\na", false},
		{"a", "ab", false},
		{"pid … of …", "pid 12 of box", true},
		{"pid … of …", "pid 12 in box", false},
		{"…", "", true},
		{"…", "a\nb\n", true},
		{"a\n…\nz", "a\nz", true},
		{"a\n…\nz", "a\nb\nc\nz\n", true},
		{"a\n…\nz", "a\nb\nc\n", false},
		{"…\nb\n…\nb", "a\nb\nb", true},
		{"…\nb\n…\nb", "a\nb\nc", false},
		{"…x…", "x", true},
		{"x…x", "x", false},
		{"a…b…a", "abba", true},
		{"  …", "deep\n", true},
	} {
		if ok := matchLines(splitLines(test.want), splitLines(test.got)); ok != test.ok {
			t.Errorf("want %q, got %q: match is %v", test.want, test.got, ok)
		}
	}
}

func TestExcerpts(t *testing.T) { Excerpts(t, "testdata/chapter/excerpts.md") }

func TestStaleExcerpts(t *testing.T) {
	got, err := checkExcerpts("testdata/chapter/stale-excerpts.md")
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/chapter/stale-excerpts.md"
	want := []string{
		file + ":5: code.go:Greet goes on in another way than here:\n\t\t\tname = \"nobody\"",
		file + ":12: code.go goes on in another way than here:\n\t\tif name == \"\" {",
		file + ":16: code.go:Greeter.Greet goes on in another way than here:\n\tfunc Greet(name string) string {",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("complaints (-want +got):\n%s", diff)
	}
}

func TestExcerptErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"```go\nfree\n```", ": no go block names a file"},
		{"```go none.go\nx\n```", ":1: open "},
		{"```go code.go:None\nx\n```", "code.go has no function None"},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "README.md")
		code, err := os.ReadFile("testdata/chapter/code.go")
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string][]byte{"code.go": code, "README.md": []byte(test.text)} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := checkExcerpts(file); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: the error is %v, want %q", test.text, err, test.want)
		}
	}
}
