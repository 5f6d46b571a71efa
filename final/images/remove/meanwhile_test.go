package remove

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"drydock/final/images/catalog"
)

// TestMoved has a name be given to another image between the look and the change: as by a pull.
func TestMoved(t *testing.T) {
	s := open(t, t.TempDir())
	old := add(t, s, []string{"old"}, "one")
	c, err := catalog.Read(s)
	if err != nil {
		t.Fatal(err)
	}
	young := add(t, s, []string{"young"}, "one")
	r, err := remove(s, c[0], request{Ref: "one", Name: "one:latest", Users: by()})
	if diff := cmp.Diff(Result{}, r); diff != "" || !errors.As(err, new(catalog.NotFound)) {
		t.Errorf("what has moved: %v (-want +got)\n%s", err, diff)
	}
	c, err = catalog.Read(s)
	if got, findErr := c.Find("one", err); findErr != nil || got.ID() != young.ID() {
		t.Errorf("the name is of %s, %v", got.ID(), findErr)
	}
	if got, findErr := c.Find(old.ID().String(), err); findErr != nil || len(got.Tags) > 0 {
		t.Errorf("who has had it is %v, %v", got.Tags, findErr)
	}
}

// TestShortName removes by names with which "sha256:…" begins: they are names.
func TestShortName(t *testing.T) {
	for _, name := range []string{"s", "sh"} {
		s := open(t, t.TempDir())
		add(t, s, []string{"a"}, name, "precious:1")
		for _, force := range []bool{false, true} {
			r, err := Image(s, name, Options{Users: by(), Force: force})
			if diff := cmp.Diff(Result{Untagged: []string{name + ":latest"}}, r); diff != "" || err != nil {
				t.Errorf("force %v: %v (-want +got)\n%s", force, err, diff)
			}
			if err := catalog.Tag(s, "precious:1", name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestContainerMeanwhile has a container appear that is not there when Prune looks first, and at no
// question before the one of sweep.
func TestContainerMeanwhile(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, []string{"base", "one"}, "one")
	user := catalog.User{Container: "0123456789abcdef", Image: img.ID(), Layers: img.ChainIDs()}
	var asked int
	from := func(first int) catalog.Users {
		asked = 0
		return func() ([]catalog.User, error) {
			if asked++; asked < first {
				return nil, nil
			}
			return []catalog.User{user}, nil
		}
	}
	before := onDiskAre(t, s)
	if r, err := Prune(s, Pruning{All: true, Users: from(2), Now: time.Now()}); err != nil || len(r.Untagged)+len(r.Deleted) > 0 {
		t.Errorf("prune: %+v, %v", r, err)
	}
	_, err := Image(s, "one", Options{Users: from(1)})
	says(t, "rmi", err, "is using its referenced image")
	if diff := cmp.Diff(before, onDiskAre(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	r, err := Image(s, "one", Options{Users: from(2)})
	if diff := cmp.Diff(Result{Untagged: []string{"one:latest"}, Deleted: []digest.Digest{img.ID()}, Freed: r.Freed}, r); diff != "" || err != nil {
		t.Errorf("rmi while a container is made: %v (-want +got)\n%s", err, diff)
	}
	if diff := cmp.Diff(layersOf(img), onDiskAre(t, s)); diff != "" {
		t.Errorf("left for the container (-want +got):\n%s", diff)
	}
}

// TestPruneMeanwhile has somebody else remove an image that Prune has found: the others go.
func TestPruneMeanwhile(t *testing.T) {
	s := open(t, t.TempDir())
	one, two := add(t, s, []string{"one"}, "one"), add(t, s, []string{"two"}, "two")
	asked := 0
	users := func() ([]catalog.User, error) {
		if asked++; asked > 1 {
			return nil, nil
		}
		_, err := Image(s, "one", Options{Users: by()}) // the first question is under no lock
		return nil, err
	}
	r, err := Prune(s, Pruning{All: true, Users: users, Now: time.Now()})
	want := Result{Untagged: []string{"two:latest"}, Deleted: []digest.Digest{two.ID(), two.ChainIDs()[0]}, Freed: r.Freed}
	if diff := cmp.Diff(want, r); diff != "" || err != nil {
		t.Errorf("without %s: %v (-want +got)\n%s", one.ID(), err, diff)
	}
}

// TestNotWritten has the list not be written, as on a full disk: nothing is said to be removed.
func TestNotWritten(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, []string{"one"}, "one")
	before := onDiskAre(t, s)
	users := func() ([]catalog.User, error) { return nil, os.Rename(s.Drafts, s.Drafts+".away") }
	r, err := Image(s, "one", Options{Users: users})
	if diff := cmp.Diff(Result{}, r); diff != "" || err == nil {
		t.Errorf("result: %v (-want +got)\n%s", err, diff)
	}
	if diff := cmp.Diff(before, onDiskAre(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{img.ID().String()}, ids(t, s)); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}
