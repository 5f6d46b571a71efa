package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"drydock/internal/proc"
)

// A Store is the records below one state root.
type Store struct {
	root   string
	writer string
}

// Open returns the store below root, an absolute or relative path, for a program. What
// dead owners have left is removed, or marked as ended.
func Open(root, writer string) (*Store, error) {
	s, err := At(root, writer)
	if err == nil {
		s.Sweep(func(Record) error { return nil })
	}
	return s, err
}

// At is Open for whoever sweeps later, or leaves that to others.
func At(root, writer string) (*Store, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	s := &Store{root: root, writer: writer}
	for _, dir := range []string{"containers", "locks", "names", "trash"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			return nil, fmt.Errorf("the state root: %w: use sudo, or --root DIR", err)
		}
	}
	return s, nil
}

// Dir is a container's folder.
func (s *Store) Dir(id string) string { return filepath.Join(s.root, "containers", id) }

// trash is where a folder is before it appears, and after it has disappeared.
func (s *Store) trash(id string) string { return filepath.Join(s.root, "trash", id) }

// file is the record's name in a container's folder.
const file = "record.json"

// Create makes a container's folder and record, in state Created, owned by this process.
// r has the id; without a name it is called by the short one.
func (s *Store) Create(r Record) error {
	owner, err := proc.Of(os.Getpid())
	if err != nil {
		return err
	}
	r.Owner, r.Writer, r.Created, r.State = owner, s.writer, time.Now(), Created
	if r.Name == "" {
		r.Name = r.ShortID()
	}
	names, err := s.claim(r.Name, r.ID)
	if err != nil {
		return err
	}
	defer names.Close()
	return s.publish(r)
}

// Rename gives a container another name.
func (s *Store) Rename(id, name string) error {
	names, err := s.claim(name, id)
	if err != nil {
		return err
	}
	before := name
	_, err = s.Update(id, func(r *Record) error {
		before, r.Name = r.Name, name
		return nil
	})
	names.Close()
	if err != nil {
		before = name
	}
	return errors.Join(err, s.release(before, id))
}

// publish has a new folder with its record in it appear in one step. The lock on names is
// held.
func (s *Store) publish(r Record) error {
	draft := s.trash(r.ID)
	if err := os.Mkdir(draft, 0o700); err != nil {
		return err
	}
	err := write(draft, r)
	if err == nil {
		err = os.Rename(draft, s.Dir(r.ID))
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(draft))
	}
	return nil
}

// List returns all records, the newest first.
func (s *Store) List() ([]Record, error) {
	entries, err := os.ReadDir(filepath.Join(s.root, "containers"))
	if err != nil {
		return nil, err
	}
	var all []Record
	buffer := make([]byte, 16<<10)
	for _, entry := range entries {
		r, err := s.read(entry.Name(), buffer)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is being made, or has just gone
		} else if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Record) int { return b.Created.Compare(a.Created) })
	return all, nil
}

// Read returns one record by its full id.
func (s *Store) Read(id string) (Record, error) { return s.read(id, make([]byte, 8<<10)) }

// read reads it into a buffer, if that is large enough. Nothing of the record is in there afterwards.
func (s *Store) read(id string, buffer []byte) (Record, error) {
	path := filepath.Join(s.Dir(id), file)
	text, err := proc.ReadFile(path, buffer)
	if err != nil {
		return Record{}, err
	}
	var r Record
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: %w: remove the folder that it is in", path, err)
	}
	return r, nil
}

// Find returns the record that a user means: by id, by name, or by the beginning of an
// id, in this order.
func (s *Store) Find(ref string) (Record, error) {
	begins, err := s.beginning(ref)
	if err != nil {
		return Record{}, err
	}
	if !slices.Contains(begins, ref) {
		if r, err := s.Named(ref); !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	switch len(begins) {
	case 0:
		return Record{}, NotFound{ref}
	case 1:
		r, err := s.Read(begins[0])
		if errors.Is(err, fs.ErrNotExist) {
			err = NotFound{ref}
		}
		return r, err
	}
	return Record{}, fmt.Errorf("%s is the beginning of %d ids: give more of it", ref, len(begins))
}

// A NotFound is the error of Find when there is no such container.
type NotFound struct{ Ref string }

// Error is part of error.
func (n NotFound) Error() string { return "no such container: " + n.Ref }

// Among is Find among some.
func Among(all []Record, ref string) (Record, error) {
	for _, means := range []func(Record) bool{
		func(r Record) bool { return r.ID == ref },
		func(r Record) bool { return r.Name == ref },
	} {
		if i := slices.IndexFunc(all, means); i >= 0 {
			return all[i], nil
		}
	}
	var begins []Record
	for _, r := range all {
		if ref != "" && strings.HasPrefix(r.ID, ref) {
			begins = append(begins, r)
		}
	}
	switch len(begins) {
	case 0:
		return Record{}, NotFound{ref}
	case 1:
		return begins[0], nil
	}
	return Record{}, fmt.Errorf("%s is the beginning of %d ids: give more of it", ref, len(begins))
}

// Mine refuses a record that a later program has made, which knows what belongs to it.
func (s *Store) Mine(r Record, verb string) error {
	rank := func(writer string) string { return strings.Replace(writer, "drydock", "stage8", 1) }
	if rank(r.Writer) > rank(s.writer) {
		return fmt.Errorf("container %s was made by %s: use %s %s", r.Name, r.Writer, r.Writer, verb)
	}
	return nil
}

// Update has change see and change a record while nobody else does, and writes it. If
// change returns an error, everything stays as it was.
func (s *Store) Update(id string, change func(*Record) error) (Record, error) {
	lock, err := s.lock(id)
	if err != nil {
		return Record{}, err
	}
	defer lock.Close()
	r, err := s.Read(id)
	if err != nil {
		return r, errors.Join(err, os.Remove(lock.Name()))
	}
	if err := change(&r); err != nil {
		return r, err
	}
	return r, write(s.Dir(id), r)
}

// Remove removes a container with its folder; one that runs, or is being started, only by
// force, and whoever uses that has killed it. The folder leaves the list in one step, so
// that nobody finds half of it. A container that is gone is fine.
func (s *Store) Remove(id string, force bool) error {
	lock, err := s.lock(id)
	if err != nil {
		return err
	}
	defer lock.Close()
	r, err := s.Read(id)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.Remove(lock.Name())
	case err != nil:
		return err
	case !force:
		err = r.Removable()
	}
	if err != nil {
		return err
	}
	if err := s.discard(id); err != nil {
		return err
	}
	lock.Close() // the one on names comes first, if somebody takes both
	return s.release(r.Name, id)
}

// discard is Remove for whoever holds the lock.
func (s *Store) discard(id string) error {
	if err := os.Rename(s.Dir(id), s.trash(id)); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(s.trash(id)), os.Remove(s.lockFile(id)))
}

// write replaces the record in a folder.
func write(dir string, r Record) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, file)
	next, err := os.OpenFile(path+".next", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	err = errors.Join(err, next.Sync(), next.Close())
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return os.Rename(next.Name(), path)
}
