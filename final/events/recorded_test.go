package events

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRecorded has all events that a Docker told while it was recorded: by both formats, each is
// as it was there.
func TestRecorded(t *testing.T) {
	local := time.Local
	time.Local = time.UTC // as there
	defer func() { time.Local = local }()
	var recorded [2][]string
	for i, name := range []string{"events.json", "events.txt"} {
		text, err := os.ReadFile("../testdata/docker29/" + name)
		if err != nil {
			t.Fatal(err)
		}
		recorded[i] = strings.SplitAfter(strings.TrimSpace(string(text))+"\n", "\n")
	}
	if len(recorded[0]) < 50 || len(recorded[0]) != len(recorded[1]) {
		t.Fatalf("%d events, of which %d have a line", len(recorded[0]), len(recorded[1]))
	}
	for i := range recorded[0][:len(recorded[0])-1] {
		var docker Event
		if err := json.Unmarshal([]byte(recorded[0][i]), &docker); err != nil {
			t.Fatal(err)
		}
		ours := New(docker.Type, docker.Action, docker.Actor.ID, docker.Actor.Attributes)
		ours.Time, ours.TimeNano = docker.Time, docker.TimeNano
		for form, format := range []string{"json", ""} {
			var out strings.Builder
			p, err := NewPrinter(&out, format)
			if err == nil {
				err = p.Print(ours)
			}
			if diff := cmp.Diff(recorded[form][i], out.String()); diff != "" || err != nil {
				t.Errorf("%v (-docker +ours):\n%s", err, diff)
			}
		}
	}
}
