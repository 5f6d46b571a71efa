package cover_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCountersSurviveExec builds a program that ends in an exec, and finds in the
// coverage data what it ran before. Without the build tag there is none.
func TestCountersSurviveExec(t *testing.T) {
	for _, test := range []struct {
		name string
		tags string
		want string
	}{
		{"with the tag", "cover", "reached\t100.0%"},
		{"without", "", "reached\t0.0%"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			bin, data := filepath.Join(dir, "become"), filepath.Join(dir, "data")
			if err := os.Mkdir(data, 0o700); err != nil {
				t.Fatal(err)
			}
			run(t, "go", "build", "-cover", "-covermode=atomic", "-tags="+test.tags, "-o", bin, "./testdata/become")
			t.Setenv("GOCOVERDIR", data)
			run(t, bin)
			out := run(t, "go", "tool", "covdata", "func", "-i="+data)
			// One line a function: FILE:LINE: NAME PERCENT, in columns.
			if got := strings.Join(strings.Fields(out), "\t"); !strings.Contains(got, test.want) {
				t.Errorf("the coverage data lack %q:\n%s", test.want, out)
			}
		})
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
