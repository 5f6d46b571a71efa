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
		mounts = append(mounts, Mount{Mount: bind.Mount{Target: "/" + name}, Name: name, Anonymous: name == "anon"})
	}
	if err := Note(&r, mounts); err != nil {
		t.Fatal(err)
	}
	return r
}

func create(t *testing.T, s *Store, v Volume) {
	t.Helper()
	if err := s.Create(v); err != nil {
		t.Fatal(err)
	}
}

// listing is all that is in a store's folder, by name.
func listing(t *testing.T, s *Store) []string {
	t.Helper()
	return s.hidden("")
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
	if diff := cmp.Diff([]string{".lock", "data"}, listing(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
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
	create(t, s, Volume{Name: "data"})
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

// TestBroken lists and sweeps the others when one volume cannot be read, and names it.
func TestBroken(t *testing.T) {
	s, _ := world(t)
	for _, v := range []Volume{{Name: "bad"}, {Name: "good"}, {Name: "over", With: "two"}} {
		create(t, s, v)
	}
	file := filepath.Join(s.dir, "bad", metaFile)
	for path, text := range map[string]string{file: "{", filepath.Join(s.dir, "file"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep("two"); err != nil {
		t.Errorf("the volume of two is fine: %v", err)
	}
	all, err := s.List()
	if len(all) != 1 || all[0].Name != "good" {
		t.Errorf("listed %v, want the good one", all)
	}
	for _, err := range []error{err, s.Create(Volume{Name: "bad"})} {
		if want := file + ": unexpected end of JSON input: remove the folder that it is in"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	want := "create file: " + filepath.Join(s.dir, "file") + " is a file: move it away"
	if err := s.Create(Volume{Name: "file"}); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestLost makes a volume known again that has lost its meta.json; what is in it stays.
func TestLost(t *testing.T) {
	s, _ := world(t)
	create(t, s, Volume{Name: "data"})
	kept := filepath.Join(s.Data("data"), "kept")
	if err := errors.Join(os.Remove(filepath.Join(s.dir, "data", metaFile)), os.WriteFile(kept, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	create(t, s, Volume{Name: "data"})
	if v, err := s.Find("data"); err != nil || v.CreatedAt.IsZero() {
		t.Errorf("%v: %v", v, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
}
