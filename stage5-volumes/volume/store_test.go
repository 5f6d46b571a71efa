package volume

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/internal/record"
	"drydock/stage5-volumes/bind"
)

// world is a store, and the containers that it is told of.
func world(t *testing.T) (*Store, *[]record.Record) {
	t.Helper()
	var containers []record.Record
	s, err := Open(t.TempDir(), func() ([]record.Record, error) { return containers, nil })
	if err != nil {
		t.Fatal(err)
	}
	return s, &containers
}

func container(t *testing.T, id string, volumes ...string) record.Record {
	t.Helper()
	r := record.Record{ID: id, Name: "name-of-" + id}
	var mounts []Mount
	for _, name := range volumes {
		mounts = append(mounts, Mount{Mount: bind.Mount{Target: "/" + name}, Name: name})
	}
	if err := Note(&r, mounts); err != nil {
		t.Fatal(err)
	}
	return r
}

func names(t *testing.T, s *Store) (names []string) {
	t.Helper()
	all, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		names = append(names, v.Name)
	}
	return names
}

// TestCreate makes a volume from ten sides at once: it is made once, and nothing else is left.
func TestCreate(t *testing.T) {
	s, _ := world(t)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := s.Create(Volume{Name: "data"}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	entries, err := filepath.Glob(filepath.Join(s.dir, "*"))
	if diff := cmp.Diff([]string{filepath.Join(s.dir, ".lock"), filepath.Join(s.dir, "data")}, entries); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	first, err := s.Find("data")
	if err != nil || first.CreatedAt.IsZero() {
		t.Fatalf("%v: %v", first, err)
	}
	if err := s.Create(Volume{Name: "data"}); err != nil {
		t.Fatal(err)
	}
	if again, _ := s.Find("data"); !again.CreatedAt.Equal(first.CreatedAt) {
		t.Error("a volume was made again that was there")
	}
}

func TestRemove(t *testing.T) {
	s, containers := world(t)
	if err := s.Create(Volume{Name: "data"}); err != nil {
		t.Fatal(err)
	}
	*containers = []record.Record{container(t, "one", "data"), container(t, "two"), container(t, "three", "other", "data")}
	err := s.Remove("data")
	want := "remove data: volume is in use - [one, three]: remove the containers first: name-of-one name-of-three"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	*containers = (*containers)[1:2]
	if err := s.Remove("data"); err != nil {
		t.Error(err)
	}
	if err := s.Remove("data"); !errors.Is(err, ErrNone) {
		t.Errorf("%v, want that there is none", err)
	}
	for _, name := range []string{"..", "../volumes", ".lock", ""} {
		if err := s.Remove(name); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v, want that there is none", name, err)
		}
	}
}

// TestSweep removes what nobody will ask for any more, and nothing else.
func TestSweep(t *testing.T) {
	s, containers := world(t)
	mounts := func(names ...string) (mounts []Mount) {
		for _, name := range names {
			mounts = append(mounts, Mount{Name: name})
		}
		return mounts
	}
	for name, with := range map[string]string{"named": "", "lives": "one", "died": "two", "shared": "two", "released": "two"} {
		if err := s.Create(Volume{Name: name, With: with}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Release(mounts("released", "named", "gone")); err != nil {
		t.Fatal(err)
	}
	draft := filepath.Join(s.dir, ".new-killed")
	if err := os.MkdirAll(filepath.Join(draft, "_data"), 0o755); err != nil {
		t.Fatal(err)
	}
	*containers = []record.Record{container(t, "one"), container(t, "three", "shared")}
	if err := s.Sweep(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"lives", "named", "released", "shared"}, names(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := os.Stat(draft); err == nil {
		t.Error("a draft is left")
	}
}

// TestHold keeps others from changing the store, but not from holding it too.
func TestHold(t *testing.T) {
	s, _ := world(t)
	held, err := s.Hold()
	if err != nil {
		t.Fatal(err)
	}
	too, err := s.Hold()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Provide([]Mount{{Name: "data"}}, "one"); err != nil {
		t.Fatal(err)
	}
	too.Close()
	if _, err := s.lock(".lock", unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Fatalf("%v, want that the store is held", err)
	}
	held.Close()
	if err := s.Remove("data"); err != nil {
		t.Error(err)
	}
}

func TestProvide(t *testing.T) {
	s, _ := world(t)
	mounts := []Mount{given("data", "", "/a"), given("", "/nowhere", "/b"), anonymous("/c")}
	if err := s.Provide(mounts, "one"); err != nil {
		t.Fatal(err)
	}
	name := mounts[2].Name
	v, err := s.Find(name)
	if diff := cmp.Diff(Volume{Name: name, CreatedAt: v.CreatedAt, Anonymous: true, With: "one"}, v); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	want := []string{s.Data("data"), "/nowhere", s.Data(name)}
	if diff := cmp.Diff(want, []string{mounts[0].Source, mounts[1].Source, mounts[2].Source}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := os.Stat("/nowhere"); err == nil {
		t.Error("the source of a bind mount was made")
	}
}

// TestBroken lists the others when one volume cannot be read, and names it.
func TestBroken(t *testing.T) {
	s, _ := world(t)
	for _, name := range []string{"bad", "good"} {
		if err := s.Create(Volume{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(s.dir, "bad", metaFile)
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := s.List()
	if len(all) != 1 || all[0].Name != "good" {
		t.Errorf("listed %v, want the good one", all)
	}
	if want := file + ": unexpected end of JSON input: remove the folder that it is in"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
