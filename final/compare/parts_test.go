package compare

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	sections, err := parse("# a comment\n+ before\n\n== one\n+ sets\n$D a\n\n== two [vm]\n$D a\n")
	if err != nil {
		t.Fatal(err)
	}
	one := section{name: "one", lines: []line{{"before", true}, {"sets", true}, {"$D a", false}}}
	two := section{name: "two", vm: true, lines: []line{{"before", true}, {"$D a", false}}}
	same := func(a, b section) bool { return a.name == b.name && a.vm == b.vm && slices.Equal(a.lines, b.lines) }
	if !slices.EqualFunc(sections, []section{one, two}, same) {
		t.Errorf("got %v", sections)
	}
	for text, problem := range map[string]string{
		"$D a":               "can only set up",
		"==one\n":            "is no heading",
		"== one [host]\n":    "is no heading",
		"== one\n$D a\n$D a": "there twice",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: got %v, want %s", text, err, problem)
		}
	}
}

func TestNormal(t *testing.T) {
	id := strings.Repeat("0123456789abcdef", 4)
	for text, want := range map[string]string{
		id + " " + id[:12]: "ID64 ID12",
		"Up 3 seconds      x  Exited (0) Less than a second ago":           "Up SPAN  x  Exited (0) SPAN ago",
		"2026-11-30T23:12:37.123456789Z 2026-11-30 23:12:37 +0000 UTC":     "TIME TIME",
		`{"time":1764544357,"timeNano":1764544357123456789,"n":12345}`:     `{"time":TIME,"timeNano":TIME,"n":12345}`,
		"/tmp/place/file 4.26MB 0B":                                        "DIR/file SIZE 0B",
		"    indented: 172.17.0.2 2a:bc:de:f0:12:34 sha256:" + id + " end": "    indented: 172.17.0.2 MAC sha256:ID64 end",
	} {
		if got := normal(text, "/tmp/place"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := normalError("Minimum memory limit allowed is 6MB", "/x"); !strings.HasSuffix(got, "6MB") {
		t.Errorf("an error's size is gone: %q", got)
	}
}

func TestTranslated(t *testing.T) {
	for docker, ours := range map[string]string{
		"docker: Error response from daemon: No\n\nRun 'docker run --help' for more information\n": "drydock: No\n\nRun 'drydock run --help' for more information\n",
		"Error response from daemon: No\nError: two":                                               "drydock: No\ndrydock: Error: two",
		"docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"x\": no: unknown": "drydock: exec: \"x\": no",
		"docker0 docker.io/library/x": "docker0 docker.io/library/x",
		"\nUsage:  docker [OPTIONS]":  "\nUsage:  drydock [OPTIONS]",
	} {
		want, got := translated(answer{Stderr: docker}).Stderr, plain(answer{Stderr: ours}).Stderr
		if got != want {
			t.Errorf("%q: wants %q, and we say %q", docker, want, got)
		}
	}
	if got := plain(answer{Stderr: "Run 'docker run --help'"}).Stderr; got == translated(answer{Stderr: got}).Stderr {
		t.Error("our answer may name Docker")
	}
}

func TestCompare(t *testing.T) {
	same := answer{Section: "s", Line: "same", Stderr: "no such thing\n"}
	docker := map[string]answer{}
	for _, a := range []answer{same, {Section: "s", Line: "other", Code: 1}, {Section: "s", Line: "known", Stdout: "x"}} {
		docker[a.key()] = a
	}
	longer := same
	longer.Stderr = "no such thing: make one\n"
	ours := []answer{
		longer,
		{Section: "s", Line: "other", Code: 125, Stderr: "x\n"},
		{Section: "s", Line: "known", Stdout: "y"},
		{Section: "s", Line: "new"},
	}
	var got []string
	for _, r := range compare(docker, ours, map[string]string{"s: known": "because"}) {
		got = append(got, r.key+"|"+r.text)
	}
	want := []string{
		"s: other|other\n\tcode\n\t\t- 1\n\t\t+ 125\n\tstderr\n\t\t+ x\n",
		"s: new|new\n\tDocker was never asked: make compare does it\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	got = nil
	for _, r := range compare(docker, []answer{same}, map[string]string{"s: same": "because"}) {
		got = append(got, r.text)
	}
	if len(got) != 1 || !strings.Contains(got[0], "no difference any more") {
		t.Errorf("a difference that is none: got %q", got)
	}
	// Words that only begin alike are others, and an empty line cannot go on.
	if goesOn("no such thing", "no such thinghy") || goesOn("", "x") || goesOn("a", "a\nb") {
		t.Error("what Docker did not say passes")
	}
}

// TestRecorded has every line be recorded, none too many, and every difference be about one.
func TestRecorded(t *testing.T) {
	var asked, recorded []string
	for _, s := range readCases(t) {
		for _, l := range s.lines {
			if !l.sets {
				asked = append(asked, answer{Section: s.name, Line: l.text}.key())
			}
		}
	}
	for _, a := range readRecording(t, "testdata/docker.json").Answers {
		recorded = append(recorded, a.key())
	}
	if len(asked) < 180 {
		t.Errorf("only %d lines", len(asked))
	}
	if !slices.Equal(asked, recorded) {
		t.Error("testdata/docker.json is not about testdata/cases: make compare asks Docker again")
	}
	for key := range reasons(differences) {
		if !slices.Contains(asked, key) {
			t.Errorf("differences.go has a line that is not asked: %s", key)
		}
	}
}

// TestDocument holds docs/differences.md to the list in differences.go; -write writes it.
func TestDocument(t *testing.T) {
	docker := readRecording(t, "testdata/docker.json")
	want := document(differences, len(docker.Answers))
	if *write {
		if err := os.WriteFile(differencesFile, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(differencesFile)
	if err != nil || string(got) != want {
		t.Errorf("it is not what differences.go says (%v): go test ./final/compare -run TestDocument -write writes it", err)
	}
}
