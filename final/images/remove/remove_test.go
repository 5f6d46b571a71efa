package remove

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"drydock/final/filter"
	"drydock/final/images/catalog"
)

const (
	id    = digest.Digest("sha256:cafe000000000000000000000000000000000000000000000000000000000000")
	other = digest.Digest("sha256:beef000000000000000000000000000000000000000000000000000000000000")
)

// TestPlan has the cases that the recorded Docker has not: those of names with a digest, which it
// gives only to what it has pulled. The rest is in final/images.
func TestPlan(t *testing.T) {
	at, at2 := "box@"+string(id), "box@"+string(other)
	running := catalog.User{Container: "0123456789abcdef", Image: id, Running: true}
	stopped, foreign := running, running
	stopped.Running, foreign.Image = false, other
	for _, c := range []struct {
		names []string
		name  string // "" for the id
		force bool
		users []catalog.User
		want  string // the names that go, + the image if it goes, or the error
	}{
		{[]string{"box:1"}, "box:1", false, nil, "box:1 +"},
		{[]string{"box:1", at}, "box:1", false, nil, "box:1 " + at + " +"},
		{[]string{"box:1", at, at2}, "box:1", false, nil, "box:1 " + at + " " + at2 + " +"},
		{[]string{"box:1", "box:2", at}, "box:1", false, nil, "box:1"},
		{[]string{"box:1", "cab:1", at}, "box:1", false, nil, "box:1 " + at},
		{[]string{"box:1", at}, at, false, nil, at},
		{[]string{at}, at, false, nil, at + " +"},
		{[]string{"box:1", at}, "", false, nil, "box:1 " + at + " +"},
		{[]string{"box:1", "box:2"}, "", false, nil, "(must be forced) - image is referenced in multiple repositories"},
		{[]string{"box:1", "cab@" + string(id)}, "", false, nil, "(must be forced) - image is referenced in multiple repositories"},
		{[]string{"box:1", "cab@" + string(id)}, "", true, nil, "box:1 cab@" + string(id) + " +"},
		{nil, "", false, nil, " +"},
		{nil, "", false, []catalog.User{foreign}, " +"},
		{nil, "", false, []catalog.User{foreign, stopped}, "(must be forced) - image is being used by stopped container 0123456789ab"},
		{nil, "", true, []catalog.User{stopped, running}, "(cannot be forced) - image is being used by running container 0123456789ab"},
		{[]string{"box:1", at}, "box:1", false, []catalog.User{stopped}, "(must force) - container 0123456789ab is using its referenced image cafe00000000"},
		{[]string{"box:1", at}, "box:1", true, []catalog.User{stopped}, "box:1 " + at + " +"},
		{[]string{"box:1", at}, "box:1", true, []catalog.User{running}, "box:1 " + at},
		{[]string{"box:1", "cab:1"}, "box:1", false, []catalog.User{running}, "box:1"},
	} {
		p, err := plan(state{id, c.names, c.users}, request{Ref: c.name, Name: c.name, Force: c.force})
		got := strings.Join(p.names, " ")
		if p.all {
			got += " +"
		}
		if err != nil {
			_, got, _ = strings.Cut(err.Error(), " (")
			got = "(" + got
		}
		if got != c.want {
			t.Errorf("%q of %q, force %v, %d users:\n got %s\nwant %s", c.name, c.names, c.force, len(c.users), got, c.want)
		}
	}
}

// TestShared removes one of two images, and what only it had goes.
func TestShared(t *testing.T) {
	s := open(t, t.TempDir())
	one, two := add(t, s, []string{"base", "one"}, "one"), add(t, s, []string{"base", "two"}, "two")
	r, err := Image(s, "one", Options{Users: by()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(of(two), onDiskAre(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	want := Result{Untagged: []string{"one:latest"}, Deleted: []digest.Digest{one.ID(), one.ChainIDs()[1]}, Freed: r.Freed}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if least := int64(layerFiles * 4096); r.Freed < least {
		t.Errorf("%d bytes are free now, of at least %d", r.Freed, least)
	}
}

// TestUsedLayers removes an image that a container is on: its layers stay, and go once the
// container is gone.
func TestUsedLayers(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, []string{"base", "one"}, "one")
	user := catalog.User{Container: "0123456789abcdef", Image: img.ID(), Layers: img.ChainIDs()}
	r, err := Image(s, "one", Options{Force: true, Users: by(user)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]digest.Digest{img.ID()}, r.Deleted); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(layersOf(img), onDiskAre(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, err := Prune(s, Pruning{Users: by(), Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if got := onDiskAre(t, s); len(got) > 0 {
		t.Errorf("left without a container: %q", got)
	}
}

// TestHeld removes an image while somebody is adding something: nothing is deleted from disk
// until they have ended.
func TestHeld(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, []string{"base"}, "one")
	held, err := s.Hold()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Image(s, "one", Options{Users: by()})
	if diff := cmp.Diff(Result{Untagged: []string{"one:latest"}, Deleted: []digest.Digest{img.ID()}, Left: true}, r); diff != "" || err != nil {
		t.Errorf("result (-want +got): %v\n%s", err, diff)
	}
	if diff := cmp.Diff(of(img), onDiskAre(t, s)); diff != "" {
		t.Errorf("while it is held (-want +got):\n%s", diff)
	}
	held.Close()
	if r, err = Prune(s, Pruning{Users: by(), Now: time.Now()}); err != nil || r.Left || len(onDiskAre(t, s)) > 0 {
		t.Errorf("when it is not: %+v, %v, %q", r, err, onDiskAre(t, s))
	}
}

// TestDamaged has an image that cannot be read: as long as it is listed nothing is deleted from
// disk, and it is removed by its name.
func TestDamaged(t *testing.T) {
	for _, name := range []string{"bad", ""} {
		s := open(t, t.TempDir())
		bad := add(t, s, []string{"base", "bad"}, name)
		good := add(t, s, []string{"base", "good"}, "good")
		before := onDiskAre(t, s)
		if err := os.WriteFile(s.Path(bad.ID()), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Prune(s, Pruning{All: true, Users: by(), Now: time.Now()})
		says(t, "prune", err, "nothing is pruned")
		r, err := Image(s, "good", Options{Users: by()})
		says(t, "rmi", err, "nothing is deleted from disk")
		if diff := cmp.Diff(before, onDiskAre(t, s)); diff != "" || len(r.Untagged) != 1 {
			t.Errorf("left with a damaged image: %+v (-want +got):\n%s", r, diff)
		}
		_, err = Image(s, "none", Options{Users: by()})
		says(t, "rmi of another", err, "No such image: none:latest")
		ref := map[string]string{"bad": "bad", "": bad.Descriptor.Digest.String()}[name]
		if _, err := Image(s, ref, Options{Users: by()}); err != nil {
			t.Errorf("rmi %s: %v", ref, err)
		}
		if got := onDiskAre(t, s); len(got) > 0 {
			t.Errorf("left in the end, of %v: %q", good.Names, got)
		}
	}
}

// TestUnknownUsers refuses to delete anything when it is not known what containers need.
func TestUnknownUsers(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, []string{"base"}, "one")
	calls := 0
	users := func() ([]catalog.User, error) {
		if calls++; calls > 1 {
			return nil, fmt.Errorf("a record cannot be read")
		}
		return nil, nil
	}
	_, err := Image(s, "one", Options{Users: users})
	says(t, "rmi", err, "what containers need: a record cannot be read")
	if diff := cmp.Diff(of(img), onDiskAre(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestMeanwhile has others change the list between the look and the change.
func TestMeanwhile(t *testing.T) {
	s := open(t, t.TempDir())
	add(t, s, []string{"base"}, "")
	c, err := catalog.Read(s)
	if err != nil {
		t.Fatal(err)
	}
	want := request{Ref: string(c[0].ID()), Force: true, Dangling: true, Users: by()}
	if err := catalog.Tag(s, string(c[0].ID()), "new"); err != nil {
		t.Fatal(err)
	}
	r, err := remove(s, c[0], want)
	if diff := cmp.Diff(Result{}, r); diff != "" || err != nil {
		t.Errorf("what has a name by now was removed: %v\n%s", err, diff)
	}
	if _, err := Image(s, "new", Options{Users: by()}); err != nil {
		t.Fatal(err)
	}
	_, err = remove(s, c[0], want)
	says(t, "remove of what is gone", err, "No such image")
	if c, err := catalog.Read(s); err != nil || len(c) > 0 {
		t.Errorf("it is back: %v, %v", c, err)
	}
}

// TestOnDisk counts a file once that has two names.
func TestOnDisk(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	one, err := onDisk(dir)
	if err != nil || one < 1<<20 {
		t.Errorf("a file of a megabyte takes %d: %v", one, err)
	}
	if err := os.Link(filepath.Join(dir, "file"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if two, err := onDisk(dir); err != nil || two >= one+1<<20 {
		t.Errorf("with another name it takes %d: %v", two, err)
	}
}

// TestFilters refuses what is no time also where there is nothing to prune.
func TestFilters(t *testing.T) {
	_, err := Prune(open(t, t.TempDir()), Pruning{Filters: filter.Set{"until": {"1h", "2h"}}, Users: by(), Now: time.Now()})
	says(t, "prune", err, "more than one until filter specified")
}

// TestTagMeanwhile gives an image a new name while its only one is removed: either it stays, or
// there is nothing left to name.
func TestTagMeanwhile(t *testing.T) {
	s := open(t, inMemory(t))
	tagged := 0
	for i := range 200 {
		add(t, s, []string{fmt.Sprint(i)}, "one")
		done := make(chan error)
		go func() { done <- catalog.Tag(s, "one", "two") }()
		if _, err := Image(s, "one", Options{Users: by()}); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err == nil {
			tagged++
		} else if !errors.As(err, new(catalog.NotFound)) {
			t.Fatal(err)
		}
		if problems := s.Fsck(apply, diff); len(problems) > 0 {
			t.Fatal(problems)
		}
		if _, err := Prune(s, Pruning{All: true, Users: by(), Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if tagged == 0 || tagged == 200 {
		t.Errorf("%d of 200 were named in time: they never met", tagged)
	}
}

// says wants an error with some words.
func says(t *testing.T, what string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: the error is %v, and should say %q", what, err, words)
	}
}
