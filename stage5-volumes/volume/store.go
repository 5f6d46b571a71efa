package volume

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"drydock/internal/record"
)

// A Store is the volumes below one state root.
type Store struct {
	dir        string
	containers func() ([]record.Record, error)
}

// A Volume is what is known of one. It never changes, but for With.
type Volume struct {
	Name      string    `json:"-"` // of the folder
	CreatedAt time.Time `json:"createdAt"`
	Anonymous bool      `json:"anonymous,omitempty"`
	With      string    `json:"with,omitempty"` // the id of the container that it goes with

	Labels, Options map[string]string `json:",omitempty"` // drydock's
}

// Open returns the store below root, where containers lists the containers. What is left of
// those, and of commands, that were killed is removed.
func Open(root string, containers func() ([]record.Record, error)) (*Store, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	s := &Store{filepath.Join(root, "volumes"), containers}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, fmt.Errorf("the state root: %w: use sudo, or --root DIR", err)
	}
	// As with records: on a full disk, say, it must still be possible to remove.
	_ = s.Sweep("")
	return s, nil
}

// Data is the directory that is a volume's content.
func (s *Store) Data(name string) string { return filepath.Join(s.dir, name, "_data") }

// Hold keeps all volumes from being removed: whoever makes a container holds the store from the
// first volume until the container has its record. To close it lets go.
func (s *Store) Hold() (io.Closer, error) { return s.lock(".lock", unix.LOCK_SH) }

// lock is flock(2) on a file below the folder: to close the file gives it back. No volume's
// name begins with a dot.
func (s *Store) lock(name string, how int) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(s.dir, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), how); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
	}
	return file, nil
}

// alone has do read the containers' records and change volumes while nobody holds the store.
func (s *Store) alone(do func([]record.Record) error) error {
	lock, err := s.lock(".lock", unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	containers, err := s.containers()
	if err != nil {
		return err
	}
	return do(containers)
}

// Provide makes the volumes among mounts that are not there yet, and notes where they are. One
// without a name gets one, and goes with the container whose id is given. The store is held.
func (s *Store) Provide(mounts []Mount, container string) error {
	for i := range mounts {
		m := &mounts[i]
		v := Volume{Name: m.Name}
		if m.Anonymous && m.Name == "" {
			v = Volume{Name: record.NewID(), Anonymous: true, With: container}
		}
		if v.Name == "" {
			continue // a bind mount
		}
		if err := s.Create(v); err != nil {
			return err
		}
		m.Name, m.Source = v.Name, s.Data(v.Name)
	}
	return nil
}

// Create makes a volume, whole or not at all. One that is there already is fine; of one that
// has lost its meta.json, the content stays.
func (s *Store) Create(v Volume) error {
	if err := CheckName(v.Name); err != nil {
		return err
	}
	if _, err := s.Find(v.Name); !errors.Is(err, ErrNone) {
		return err
	}
	held, err := s.Hold() // or the draft would be taken for rubbish
	if err != nil {
		return err
	}
	defer held.Close()
	v.CreatedAt = time.Now()
	draft, err := os.MkdirTemp(s.dir, ".new-")
	if err != nil {
		return err
	}
	folder := filepath.Join(s.dir, v.Name)
	err = errors.Join(os.Mkdir(filepath.Join(draft, "_data"), 0o755), write(draft, v))
	if err == nil {
		err = os.Rename(draft, folder)
	}
	if errors.Is(err, fs.ErrExist) { // to a folder without meta.json this gives one, and replaces none: link(2)
		err = os.Link(filepath.Join(draft, metaFile), filepath.Join(folder, metaFile))
	}
	switch {
	case errors.Is(err, fs.ErrExist): // somebody was faster
		err = nil
	case errors.Is(err, unix.ENOTDIR):
		err = fmt.Errorf("create %s: %s is a file: move it away", v.Name, folder)
	}
	return errors.Join(err, os.RemoveAll(draft))
}

// metaFile has what is known of a volume, in its folder; write replaces it.
const metaFile = "meta.json"

func write(dir string, v Volume) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, metaFile)
	next, err := os.Create(path + ".next")
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err == nil {
		err = os.Rename(next.Name(), path)
	}
	return err
}

// ErrNone is the reason why there is no volume.
var ErrNone = errors.New("no such volume")

// Find returns a volume.
func (s *Store) Find(name string) (Volume, error) {
	path := filepath.Join(s.dir, name, metaFile)
	text, err := os.ReadFile(path)
	if CheckName(name) != nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return Volume{}, fmt.Errorf("get %s: %w", name, ErrNone)
	} else if err != nil {
		return Volume{}, err
	}
	v := Volume{Name: name}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("%s: %w: remove the folder that it is in", path, err)
	}
	return v, nil
}

// List returns all volumes, by name, and an error for those that cannot be read.
func (s *Store) List() (all []Volume, err error) {
	entries, err := os.ReadDir(s.dir)
	for _, entry := range entries {
		v, broken := s.Find(entry.Name())
		if broken == nil {
			all = append(all, v)
		} else if !errors.Is(broken, ErrNone) {
			err = errors.Join(err, broken)
		}
	}
	return all, err
}
