package mounts_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A recorded is what a real Docker said: testdata/record.sh says what the fields are.
type recorded struct {
	Words   []string
	Exit    int
	Stdout  string
	Stderr  string
	Inspect json.RawMessage
}

func (r recorded) name() string { return strings.Join(r.Words, " ") }

// different are the cases in which we differ on purpose from what was recorded.
var different = map[string]string{
	"run -v data:/x --tmpfs /x/":    "Docker mounts both, and which one is seen is by chance",
	"create --tmpfs /x --tmpfs /x/": "the same",
	"run -v strange:/x":             "Docker mounts nothing if the device is none, and says nothing",
	"create -v x":                   "Docker accepts it, and start fails",
	"create -v $W/dir:x":            "stage 5 has no type in the words",
	"create -v dir/:/x":             "and tells which -v it is",
	"volume inspect ":               "an empty name is the client's",
	"create --mount type=bind,src=$W/dir,dst=/x --mount type=tmpfs,dst=/x/": "the place that two have is /x",
}

// TestRecorded has us say what Docker has said, in the same order.
func TestRecorded(t *testing.T) {
	all := cases(t)
	us := newProgram(t, t.TempDir())
	count := 0
	for _, docker := range all {
		ours := us.run(docker.Words)
		if docker.Words[0] != "run" { // those are TestKernelRecorded's, but make volumes
			count++
			compare(t, docker, ours)
		}
	}
	if count < 250 {
		t.Errorf("only %d cases", count)
	}
}

// cases returns the recorded cases, but for those of a wrong number of arguments.
func cases(t *testing.T) (all []recorded) {
	t.Helper()
	file, err := os.Open("testdata/docker.json")
	must(t, err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var r recorded
		must(t, json.Unmarshal(lines.Bytes(), &r))
		if r.Words != nil && !strings.Contains(r.Stderr, "docker volume") {
			all = append(all, r)
		}
	}
	must(t, lines.Err())
	return all
}

func compare(t *testing.T, docker, ours recorded) {
	t.Helper()
	if different[docker.name()] != "" || docker.Words[0] == "reset" {
		return
	}
	if (docker.Exit == 0) != (ours.Exit == 0) {
		t.Errorf("%s: Docker's exit status is %d, ours %d: %s", docker.name(), docker.Exit, ours.Exit, ours.Stderr)
	}
	// We may go on, with what to do about it.
	if theirs := said(docker.Stderr); !strings.HasPrefix(said(ours.Stderr), theirs) || theirs == "" && ours.Stderr != "" {
		t.Errorf("%s:\nwe say      %s\nDocker says %s", docker.name(), ours.Stderr, docker.Stderr)
	}
	if diff := cmp.Diff(lines(docker), lines(ours)); diff != "" {
		t.Errorf("%s (-Docker +ours):\n%s", docker.name(), diff)
	}
	if diff := cmp.Diff(inspected(t, docker.Inspect), inspected(t, ours.Inspect)); diff != "" {
		t.Errorf("%s: inspect (-Docker +ours):\n%s", docker.name(), diff)
	}
}

var (
	id      = regexp.MustCompile(`[0-9a-f]{64}`)
	created = regexp.MustCompile(`"CreatedAt": "[-0-9T:+Z]+"`)
	machine = regexp.MustCompile(`in type \S+$|, column \d+`)
	column  = regexp.MustCompile(`  +`)
)

// said is a message without who says it, how to get help, the names of Go's types, and how long a path is.
func said(message string) string {
	message, _, _ = strings.Cut(message, "\n\n")
	var all []string
	for line := range strings.Lines(message) {
		line = strings.TrimPrefix(strings.TrimSpace(strings.TrimPrefix(line, "docker: ")), "Error response from daemon: ")
		if !strings.HasPrefix(line, "Run 'docker") {
			all = append(all, machine.ReplaceAllString(line, ""))
		}
	}
	return strings.Join(all, "\n")
}

// lines are those of the output. Docker prunes in any order, where an id comes in a list is by
// chance, and the columns are as wide as the paths of the machine.
func lines(r recorded) []string {
	all := strings.Split(column.ReplaceAllString(created.ReplaceAllString(r.Stdout, "CREATED"), "  "), "\n")
	if strings.HasPrefix(r.name(), "volume prune") || strings.HasPrefix(r.name(), "volume ls -q") {
		slices.Sort(all)
	}
	return all
}

// inspected is what inspect shows, without what is empty: Docker's null is our nothing. Mounts
// and Binds are in any order.
func inspected(t *testing.T, text []byte) any {
	t.Helper()
	if len(text) == 0 {
		return nil
	}
	var shown map[string]map[string]any
	_ = json.Unmarshal(text, &shown) // Mounts is a list, and stays as it is
	var mounts struct{ Mounts []map[string]any }
	must(t, json.Unmarshal(text, &mounts))
	host := shown["HostConfig"]
	for key, value := range host {
		if value == nil || value == "" {
			delete(host, key)
		}
	}
	if binds, given := host["Binds"].([]any); given {
		slices.SortFunc(binds, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	}
	slices.SortFunc(mounts.Mounts, func(a, b map[string]any) int {
		return strings.Compare(a["Destination"].(string), b["Destination"].(string))
	})
	return []any{mounts.Mounts, host}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
