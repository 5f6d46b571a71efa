package record

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/internal/proc"
)

func TestRename(t *testing.T) {
	s := open(t, t.TempDir(), "stage3")
	web, other := create(t, s, Record{Name: "web"}), create(t, s, Record{Name: "other"})
	for _, name := range []string{"other", "../web", ""} {
		if err := s.Rename(web.ID, name); err == nil {
			t.Errorf("it is called %q now", name)
		}
	}
	if err := s.Rename(web.ID, "new"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Find("new"); err != nil || got.ID != web.ID {
		t.Errorf("new is %s: %v", got.ID, err)
	}
	if err := s.Rename(other.ID, "web"); err != nil {
		t.Errorf("the name is not free again: %v", err)
	}
}

func TestFind(t *testing.T) {
	s := open(t, t.TempDir(), "stage3")
	web, other := create(t, s, Record{Name: "web"}), create(t, s, Record{})
	if len(web.ID) != 64 || other.Name != other.ID[:12] {
		t.Errorf("ids %s and %s, names %s and %s", web.ID, other.ID, web.Name, other.Name)
	}
	for _, ref := range []string{web.ID, "web", web.ID[:8], web.ID[:63]} {
		if got, err := s.Find(ref); err != nil || got.ID != web.ID {
			t.Errorf("%s found %s: %v", ref, got.ID, err)
		}
	}
	// An id goes before a name, whatever somebody has called the newer one.
	create(t, s, Record{Name: web.ID})
	if got, err := s.Find(web.ID); err != nil || got.Name != "web" {
		t.Errorf("its id found %s: %v", got.Name, err)
	}
	for _, ref := range []string{"", "we", "zz", web.ID + "0"} {
		if got, err := s.Find(ref); err == nil || err.Error() != "no such container: "+ref {
			t.Errorf("%s found %s: %v", ref, got.ID, err)
		}
	}
	if err := s.Create(Record{ID: NewID(), Name: "web"}); err == nil || !strings.Contains(err.Error(), `"web" is already in use by container "`+web.ID) {
		t.Errorf("a second web: %v", err)
	}
	if err := s.Create(Record{ID: NewID(), Name: "../web"}); err == nil {
		t.Error("a name with a path in it was taken")
	}
}

// TestAmbiguous needs ids that begin alike.
func TestAmbiguous(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "stage3")
	for _, id := range []string{"aa1", "aa2"} {
		id += strings.Repeat("0", 61)
		if err := os.Mkdir(s.Dir(id), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := write(s.Dir(id), Record{ID: id, Name: "n" + id[:3]}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Find("aa"); err == nil || err.Error() != "aa is the beginning of 2 ids: give more of it" {
		t.Errorf("aa: %v", err)
	}
	if r, err := s.Find("aa2"); err != nil || r.Name != "naa2" {
		t.Errorf("aa2 found %s: %v", r.Name, err)
	}
}

// TestNames has links that were left behind by somebody who was killed: they keep nobody from a name.
func TestNames(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "stage3")
	web := create(t, s, Record{Name: "web"})
	for name, id := range map[string]string{"gone": NewID(), "other": web.ID} {
		if err := os.Symlink(id, filepath.Join(root, "names", name)); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Find(name); err == nil {
			t.Errorf("%s is %s", name, r.Name)
		}
		create(t, s, Record{Name: name})
	}
	if err := errors.Join(s.Rename(web.ID, "new"), os.Symlink(NewID(), filepath.Join(root, "names", "lost"))); err != nil {
		t.Fatal(err)
	}
	s = open(t, root, "stage3")
	left, err := os.ReadDir(filepath.Join(root, "names"))
	if err != nil || len(left) != 3 {
		t.Errorf("names are %v: %v", left, err)
	}
	if err := s.Remove(web.ID, true); err != nil {
		t.Fatal(err)
	}
	create(t, s, Record{Name: "new"})
	if r, err := s.Find("new"); err != nil || r.ID == web.ID {
		t.Errorf("new is %s: %v", r.ID, err)
	}
}

// TestParts has a program that knows one part of a record change it: the other stays.
// A name is somebody's from the moment it is claimed, though the container appears a little later.
func TestNamesMeanwhile(t *testing.T) {
	s := open(t, t.TempDir(), "stage3")
	for range 50 {
		r := Record{ID: NewID(), Name: "web"}
		names, err := s.claim(r.Name, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		var sweep sync.WaitGroup
		sweep.Go(func() {
			if err := s.dropNames(0); err != nil {
				t.Error(err)
			}
		})
		runtime.Gosched()
		if err := errors.Join(s.publish(r), names.Close()); err != nil {
			t.Fatal(err)
		}
		sweep.Wait()
		if _, err := s.Find("web"); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(r.ID, false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestParts(t *testing.T) {
	root := t.TempDir()
	late, early := open(t, root, "stage6"), open(t, root, "stage3")
	r := Record{Name: "web"}
	if err := errors.Join(r.Put("overlay", []string{"a"}), r.Put("network", map[string]string{"ip": "10.0.0.2"})); err != nil {
		t.Fatal(err)
	}
	r = create(t, late, r)
	if _, err := early.Update(r.ID, func(r *Record) error { return r.Put("overlay", []string{"a", "b"}) }); err != nil {
		t.Fatal(err)
	}
	r, err := late.Read(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	var layers []string
	var network map[string]string
	if err := errors.Join(r.Get("overlay", &layers), r.Get("network", &network)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, layers) + cmp.Diff(map[string]string{"ip": "10.0.0.2"}, network); diff != "" {
		t.Error(diff)
	}
	if err := r.Get("volume", &layers); err == nil || err.Error() != "container web has no record of its volume: it was made by stage6" {
		t.Errorf("a part that is not there: %v", err)
	}
	if err := early.Mine(r, "rm"); err == nil || err.Error() != "container web was made by stage6: use stage6 rm" {
		t.Errorf("an earlier stage: %v", err)
	}
	if err := errors.Join(late.Mine(r, "rm"), open(t, root, "drydock").Mine(r, "rm")); err != nil {
		t.Errorf("the same, and drydock: %v", err)
	}
}

// TestUpdate counts in many goroutines with a store of their own each.
func TestUpdate(t *testing.T) {
	root := t.TempDir()
	r := create(t, open(t, root, "stage3"), Record{})
	var all sync.WaitGroup
	for range 20 {
		s := open(t, root, "stage3")
		all.Go(func() {
			if _, err := s.Update(r.ID, func(r *Record) error { r.ExitCode++; return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := open(t, root, "stage3")
	r, err := s.Read(r.ID)
	if err != nil || r.ExitCode != 20 {
		t.Errorf("20 changes made %d: %v", r.ExitCode, err)
	}
	refused := errors.New("no")
	if _, err := s.Update(r.ID, func(r *Record) error { r.ExitCode = 99; return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	if r, err = s.Read(r.ID); err != nil || r.ExitCode != 20 {
		t.Errorf("a change that was refused has happened: %d, %v", r.ExitCode, err)
	}
}

// TestRemove creates and removes in many goroutines, and looks for leftovers.
func TestRemove(t *testing.T) {
	root := t.TempDir()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				s, err := Open(root, "stage3")
				if err != nil {
					t.Error(err)
					return
				}
				id := NewID()
				if err := errors.Join(s.Create(Record{ID: id}), s.Remove(id, true)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for dir, want := range map[string]int{"containers": 0, "trash": 0, "locks": 1, "names": 0} {
		if left, err := os.ReadDir(filepath.Join(root, dir)); err != nil || len(left) != want {
			t.Errorf("%s has %d entries, want %d: %v", dir, len(left), want, err)
		}
	}
	s := open(t, root, "stage3")
	if err := s.Remove(NewID(), false); err != nil {
		t.Errorf("what is not there is removed: %v", err)
	}
}

// TestSweep opens a store after owners have died at various points.
func TestSweep(t *testing.T) {
	root := t.TempDir()
	s := open(t, root, "stage3")
	thrown, kept, lives := create(t, s, Record{}), create(t, s, Record{Keep: true}), create(t, s, Record{})
	late := create(t, open(t, root, "stage6"), Record{})
	for _, r := range []Record{thrown, kept, late} {
		if _, err := s.Update(r.ID, func(r *Record) error { r.State, r.Owner = Running, proc.ID{Pid: 1, Start: 1 << 60}; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	// One was killed while it was being started, for the first time or again; and one was only created.
	first, again, alone := create(t, s, Record{Keep: true}), create(t, s, Record{Keep: true}), create(t, s, Record{Keep: true})
	for _, r := range []Record{first, again, alone} {
		if _, err := s.Update(r.ID, func(r *Record) error {
			r.Owner = proc.ID{Pid: 1, Start: 1 << 60}
			if r.ID != alone.ID {
				r.Started = time.Now()
			}
			if r.ID == again.ID {
				r.Finished = time.Now()
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Run(lives.ID, os.Getpid()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "locks", NewID()), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.Dir("without-a-record"), "upper"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, draft := range []string{"half", "made"} {
		if err := os.MkdirAll(filepath.Join(root, "trash", draft, "upper"), 0o700); err != nil {
			t.Fatal(err)
		}
	}

	var cleared []string
	s.Sweep(func(r Record) error { cleared = append(cleared, r.ID); return nil })
	for _, r := range []Record{thrown, kept, first, again} {
		if !slices.Contains(cleared, r.ID) {
			t.Errorf("%s, %s, was not cleared", r.Name, r.State)
		}
	}
	if len(cleared) != 4 {
		t.Errorf("%d were cleared", len(cleared))
	}
	states := map[string]State{}
	records, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		states[r.ID] = r.State
	}
	want := map[string]State{
		kept.ID: Exited, lives.ID: Running, late.ID: Running,
		first.ID: Created, again.ID: Exited, alone.ID: Created,
	}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("%s was to be removed (-want +got):\n%s", thrown.ID, diff)
	}
	for dir, most := range map[string]int{"trash": 0, "locks": 7, "containers": 6, "names": 6} {
		if left, err := os.ReadDir(filepath.Join(root, dir)); err != nil || len(left) > most {
			t.Errorf("%s has %d entries, of at most %d: %v", dir, len(left), most, err)
		}
	}
}

func open(t *testing.T, root, writer string) *Store {
	t.Helper()
	s, err := Open(root, writer)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// create creates a container and returns its record.
func create(t *testing.T, s *Store, r Record) Record {
	t.Helper()
	r.ID = NewID()
	if err := s.Create(r); err != nil {
		t.Fatal(err)
	}
	r, err := s.Read(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLife follows a container that is kept, and one that is not.
func TestLife(t *testing.T) {
	s := open(t, t.TempDir(), "stage3")
	kept, thrown := create(t, s, Record{Keep: true}), create(t, s, Record{})
	if err := s.Remove(kept.ID, false); err == nil {
		t.Error("one that is being started was removed")
	}
	for _, r := range []Record{kept, thrown} {
		if err := s.Run(r.ID, os.Getpid()); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Read(r.ID); err != nil || !r.IsRunning() {
			t.Errorf("%v does not run: %v", r, err)
		}
		if err := s.Remove(r.ID, false); err == nil || !strings.Contains(err.Error(), "container is running: stop the container before removing or force remove") {
			t.Errorf("to remove it: %v", err)
		}
		if err := s.End(r.ID, 3, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Find(thrown.ID); err == nil {
		t.Error("a container that was not to be kept is there")
	}
	r, err := s.Find(kept.ID)
	if err != nil || r.State != Exited || r.ExitCode != 3 {
		t.Errorf("%v: %v", r, err)
	}
	never := create(t, s, Record{Keep: true})
	if err := errors.Join(s.Run(never.ID, os.Getpid()), s.End(never.ID, 127, false)); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Read(never.ID); err != nil || r.State != Created || !r.Started.IsZero() {
		t.Errorf("one that has not run is %v: %v", r, err)
	}
	if err := s.Again(kept.ID, []string{"ls"}, os.Getpid()); err == nil || !strings.Contains(err.Error(), "is running: use exec") {
		t.Errorf("its owner lives: %v", err)
	}
}
