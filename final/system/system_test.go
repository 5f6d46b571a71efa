package system

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/daemon"
)

// TestNames has only what Docker tells of, by the names that it has in JSON, wherever it is.
func TestNames(t *testing.T) {
	info, err := About(State{Driver: "overlay"}, "now")
	if err != nil {
		t.Fatal(err)
	}
	for file, object := range map[string]any{"info.json": info, "version.json": ThisVersion()} {
		text, err := os.ReadFile("../testdata/docker29/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var theirs, ours any
		if err := json.Unmarshal(text, &theirs); err != nil {
			t.Fatal(err)
		}
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &ours); err != nil {
			t.Fatal(err)
		}
		for _, problem := range unknown(file, ours, theirs) {
			t.Error(problem)
		}
	}
}

// unknown are what ours has and theirs has not, or of another type.
func unknown(path string, ours, theirs any) (problems []string) {
	fields, isObject := ours.(map[string]any)
	known, isToo := theirs.(map[string]any)
	switch {
	case isObject && isToo:
		for name, value := range fields {
			if _, there := known[name]; !there {
				problems = append(problems, path+" has no "+name)
				continue
			}
			problems = append(problems, unknown(path+"."+name, value, known[name])...)
		}
	case reflect.TypeOf(ours) != reflect.TypeOf(theirs):
		problems = append(problems, path+" is of another type")
	}
	return problems
}

// TestWrite has the lines of a host that has everything, and what its administrator has said.
func TestWrite(t *testing.T) {
	i, err := About(State{Root: "/var/lib/drydock", Driver: "vfs", Running: 1, Paused: 2, Others: 3, Config: daemon.Config{
		LogDriver: "none", RegistryMirrors: []string{"http://mirror"}, InsecureRegistries: []string{"registry:5000"},
	}}, "now")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := i.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		" Containers: 6\n  Running: 1\n  Paused: 2\n  Stopped: 3\n", " Storage Driver: vfs\n Logging Driver: none\n",
		"  127.0.0.0/8\n  registry:5000\n Registry Mirrors:\n  http://mirror\n", " Docker Root Dir: /var/lib/drydock\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

func TestWarnings(t *testing.T) {
	if got := warnings([]string{"cpu", "cpuset", "io", "memory", "pids"}, true); got != nil {
		t.Errorf("of a host that can do all: %q", got)
	}
	want := []string{"WARNING: No memory limit support", "WARNING: No swap limit support", "WARNING: IPv4 forwarding is disabled"}
	if diff := cmp.Diff(want, warnings([]string{"cpu", "cpuset", "io"}, false)); diff != "" {
		t.Error(diff)
	}
}
