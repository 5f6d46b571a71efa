package images_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A recorded is what a real Docker said: testdata/record.sh says what the fields are.
type recorded struct {
	Made   struct{ At time.Time }
	Words  []string
	Exit   int
	Stdout string
	Stderr string
}

// different are the cases in which we differ on purpose from what was recorded.
var different = map[string]string{
	"images --format raw base":               "raw is a format from before templates, which no documentation has any more",
	"image inspect 9f72 -f {{.RepoTags}}":    "Docker says that there is no such image, where there are two",
	"rmi 9f72":                               "the same",
	"image prune -f --filter dangling=false": "we say that prune has no such filter",
	"images ls":                              "the hint to docker image ls is the command line's",
}

// TestRecorded has our commands say what Docker's have said, in the same order on the same images.
func TestRecorded(t *testing.T) {
	file, err := os.Open("testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	local := time.Local
	time.Local = time.UTC // as it was for Docker
	t.Cleanup(func() { time.Local = local })
	var us program
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var docker recorded
		if err := json.Unmarshal(lines.Bytes(), &docker); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		name := strings.Join(docker.Words, " ")
		switch {
		case docker.Words == nil:
			us.now = docker.Made.At
			continue
		case docker.Words[0] == "reset":
			us.reset(t)
			continue
		case strings.Contains(docker.Stderr, "Usage:"):
			continue // the number of arguments, and the form of flags, are the command line's
		}
		ours := us.run(t, docker.Words)
		if different[name] != "" {
			continue
		}
		count++
		if diff := cmp.Diff(outcomeOf(docker, isTree(docker)), outcomeOf(ours, isTree(docker))); diff != "" {
			t.Errorf("%s (-Docker +ours):\n%s", name, diff)
		}
		// We may go on, with what to do about it.
		if theirs := said(docker.Stderr); !strings.HasPrefix(said(ours.Stderr), theirs) || theirs == "" && ours.Stderr != "" {
			t.Errorf("%s:\nwe say     %s\nDocker says %s", name, ours.Stderr, docker.Stderr)
		}
	}
	if count < 150 {
		t.Errorf("only %d cases", count)
	}
}

var typeName = regexp.MustCompile(`type \S+$`)

// said is a message without who says it, and without the names of Go's types.
func said(message string) string {
	message = strings.TrimPrefix(strings.TrimSpace(message), "Error response from daemon: ")
	return typeName.ReplaceAllString(strings.ToLower(message), "type T")
}

// An outcome is what is compared of a case.
type outcome struct {
	Exit  int
	Lines []string
}

// outcomeOf is what is compared of a case: not in which order Docker lists what was made in the
// same second, or prunes; not how JSON is escaped; not what Docker alone has.
func outcomeOf(r recorded, tree bool) (c outcome) {
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(r.Stdout)
	c.Exit, c.Lines = r.Exit, strings.Split(text, "\n")
	switch {
	case r.Words[0] == "images":
		if tree {
			c.Lines = summary(c.Lines)
		}
		slices.Sort(c.Lines)
	case r.Words[1] == "prune":
		slices.Sort(c.Lines)
		c.Lines = slices.DeleteFunc(c.Lines, func(line string) bool { return strings.HasPrefix(line, "Total reclaimed space: ") })
	case r.Words[1] == "inspect" && strings.HasPrefix(text, "["):
		var objects []map[string]any
		if json.Unmarshal([]byte(text), &objects) != nil {
			break // it is a template's
		}
		for _, object := range objects {
			delete(object, "GraphDriver")
		}
		sorted, _ := json.MarshalIndent(objects, "", " ") // it was JSON before
		c.Lines = strings.Split(string(sorted), "\n")
	}
	return c
}

// isTree tells whether it is the list of images that Docker has for people since version 29. Its
// columns are others than those of --format table, which we show.
func isTree(r recorded) bool { return strings.HasPrefix(r.Stdout, "IMAGE  ") }

// summary is the names and ids that are in a list for people.
func summary(lines []string) (names []string) {
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		switch {
		case line == "":
		case strings.HasPrefix(lines[0], "IMAGE  "):
			names = append(names, fields[0]+" "+fields[1])
		default:
			names = append(names, strings.Replace(fields[0]+":"+fields[1], "<none>:<none>", "<untagged>", 1)+" "+fields[2])
		}
	}
	return names
}
