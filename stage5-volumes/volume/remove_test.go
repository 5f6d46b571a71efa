package volume

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/internal/record"
)

// TestSweep removes what nobody will ask for any more, and nothing else.
func TestSweep(t *testing.T) {
	s, containers := world(t)
	for name, with := range map[string]string{"named": "", "lives": "one", "died": "two", "shared": "two"} {
		create(t, s, Volume{Name: name, With: with})
	}
	for _, left := range []string{".new-killed/_data/x", ".gone-killed/_data/x"} {
		if err := os.MkdirAll(filepath.Join(s.dir, left), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	*containers = []record.Record{container(t, "one"), container(t, "three", "shared")}
	if err := s.Sweep(""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".lock", "lives", "named", "shared"}, listing(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKernelSweep has what cannot be removed (here a place where something is mounted) be an error
// for the container whose volume it is, and for nobody else. New volumes of that name can be removed.
func TestKernelSweep(t *testing.T) {
	s, _ := world(t)
	t.Cleanup(func() {
		for _, gone := range s.hidden(".gone-") {
			// Of those that have nothing mounted, nothing can be left.
			if err := unix.Unmount(filepath.Join(s.dir, gone, "_data/mounted"), 0); err != nil {
				t.Error(err)
			}
		}
	})
	for who, want := range map[string]error{"one": unix.EBUSY, "two": nil} {
		create(t, s, Volume{Name: "stuck", With: "one"})
		inside := filepath.Join(s.Data("stuck"), "mounted")
		if err := errors.Join(os.Mkdir(inside, 0o755), unix.Mount("test", inside, "tmpfs", 0, "")); err != nil {
			t.Fatal(err)
		}
		if err := s.Sweep(who); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", who, err, want)
		}
	}
	create(t, s, Volume{Name: "stuck"})
	if err := s.Remove("stuck"); err != nil {
		t.Error(err)
	}
}

// TestSettle has containers removed one after the other, of which giver made an anonymous volume
// and heir inherited it. "killed" is an rm that comes no further than to settle things. The
// volume must be there at the end, or must not.
func TestSettle(t *testing.T) {
	for steps, stays := range map[string]bool{
		"rm giver":                             true,
		"rm -v giver":                          false,
		"killed rm giver, rm -v giver":         false,
		"killed rm -v giver, rm giver":         true,
		"rm heir, rm -v giver":                 false,
		"rm -v heir, rm giver":                 true,
		"rm giver, rm -v heir":                 false,
		"rm -v giver, rm heir":                 true,
		"rm heir, the end of a giver --rm":     false,
		"killed rm heir, rm giver, rm heir":    true,
		"rm giver, killed rm -v heir, rm heir": true,
	} {
		s, containers := world(t)
		create(t, s, Volume{Name: "anon", With: "giver", Anonymous: true})
		create(t, s, Volume{Name: "named"})
		for _, id := range []string{"giver", "heir"} {
			if r := container(t, id, "anon", "named"); strings.Contains(steps, id) {
				*containers = append(*containers, r)
			}
		}
		for step := range strings.SplitSeq(steps, ", ") {
			i := slices.IndexFunc(*containers, func(r record.Record) bool { return strings.Contains(step, r.ID) })
			if strings.Contains(step, "rm ") && !strings.Contains(step, "--rm") {
				if err := s.Settle((*containers)[i], !strings.Contains(step, "-v")); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(step, "killed") {
				*containers = slices.Delete(*containers, i, i+1)
			}
			if err := s.Sweep(""); err != nil {
				t.Fatal(err)
			}
		}
		want := []string{".lock", "named"}
		if stays {
			want = []string{".lock", "anon", "named"}
		}
		if diff := cmp.Diff(want, listing(t, s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", steps, diff)
		}
	}
}
