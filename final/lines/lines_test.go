package lines

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func rotate(t *testing.T, path string, keep int) {
	t.Helper()
	file, err := Rotate(path, keep)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
}

func read(t *testing.T, path string, tail int) string {
	t.Helper()
	var got []string
	err := Read(t.Context(), path, Query{Tail: tail}, func(line []byte) error {
		got = append(got, string(line))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(got, " ")
}

// TestRotate has the names that files get, of three that are kept.
func TestRotate(t *testing.T) {
	path := t.TempDir() + "/log"
	for i, want := range []string{"0", "0 1", "0 1 2", "1 2 3", "2 3 4"} {
		if i > 0 {
			rotate(t, path, 3)
		}
		write(t, path, fmt.Sprintln(i))
		if got := read(t, path, -1); got != want {
			t.Errorf("after %d there is %q, want %q", i, got, want)
		}
	}
	names, err := filepath.Glob(path + "*")
	if diff := cmp.Diff([]string{path, path + ".1", path + ".2"}, names); diff != "" || err != nil {
		t.Errorf("%v, names (-want +got):\n%s", err, diff)
	}
}

// TestRotateOne keeps no older file, but whoever reads the old one does.
func TestRotateOne(t *testing.T) {
	path := t.TempDir() + "/log"
	write(t, path, "old\n")
	old, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	rotate(t, path, 1)
	write(t, path, "new\n")
	if got := read(t, path, -1); got != "new" {
		t.Errorf("there is %q, want new", got)
	}
	if state, err := old.Stat(); err != nil || state.Size() != 4 {
		t.Errorf("the old file is not as it was: %v", err)
	}
}

// TestKilled has what is there when whoever rotated was killed: a number is missing, or the file
// itself. All is read, and the next rotation mends it.
func TestKilled(t *testing.T) {
	for _, missing := range []int{0, 1, 2} {
		path := t.TempDir() + "/log"
		for number, text := range map[int]string{0: "d", 1: "c", 2: "b", 3: "a"} {
			if number != missing {
				write(t, numbered(path, number), text+"\n")
			}
		}
		want := []string{"b c d", "a c d", "a b d", "a b c"}[3-missing]
		if got := read(t, path, -1); got != want {
			t.Errorf("without number %d there is %q, want %q", missing, got, want)
		}
		if missing == 0 {
			continue
		}
		rotate(t, path, 4)
		write(t, path, "e\n")
		if got := read(t, path, -1); got != want+" e" {
			t.Errorf("without number %d there is %q after rotating, want %q and e", missing, got, want)
		}
	}
}

// TestAppend cuts off half a line that a killed writer left.
func TestAppend(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	for text, want := range map[string]string{"": "", "a\n": "a", "a\nb": "a", "b": "", "a\n" + long: "a", long: "", long + "\n": long} {
		path := t.TempDir() + "/log"
		write(t, path, text)
		file, size, err := Append(path)
		if err != nil {
			t.Fatal(err)
		}
		state, err := file.Stat()
		if err != nil || state.Size() != size {
			t.Errorf("%.9q has %d bytes, told are %d: %v", text, state.Size(), size, err)
		}
		if _, err := file.WriteString("z\n"); err != nil {
			t.Fatal(err)
		}
		file.Close()
		if got := strings.TrimSuffix(read(t, path, -1), "z"); strings.TrimSpace(got) != want {
			t.Errorf("%.9q has become %.9q, want %.9q", text, got, want)
		}
	}
}
