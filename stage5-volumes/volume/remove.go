package volume

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"drydock/internal/record"
)

// Remove removes a volume with all that is in it. One that a container has, running or not, is
// an error that names it.
func (s *Store) Remove(name string) error {
	var gone string
	err := s.alone(func(containers []record.Record) error {
		if _, err := s.Find(name); err != nil {
			return err
		}
		users, err := users(containers, name)
		if err != nil {
			return err
		}
		var ids, names []string
		for _, r := range users {
			ids, names = append(ids, r.ID), append(names, r.Name)
		}
		if len(users) > 0 {
			return fmt.Errorf("remove %s: volume is in use - [%s]: remove the containers first: %s",
				name, strings.Join(ids, ", "), strings.Join(names, " "))
		}
		gone, err = s.discard(name)
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(gone)
}

// discard takes the name of a volume, or of a draft, from it: that is one step, while the store
// is locked. To remove what is in there may take long, and needs no lock.
func (s *Store) discard(name string) (gone string, err error) {
	gone = filepath.Join(s.dir, ".gone-"+record.NewID())
	return gone, os.Rename(filepath.Join(s.dir, name), gone)
}

// Settle decides what becomes of the anonymous volumes of a container that is about to be
// removed: they stay, or go with it. Those that go with another container are not its to decide.
func (s *Store) Settle(r record.Record, stay bool) error {
	mounts, err := Of(r)
	if err != nil || !slices.ContainsFunc(mounts, func(m Mount) bool { return m.Anonymous }) {
		return err
	}
	with := r.ID
	if stay {
		with = ""
	}
	return s.alone(func(containers []record.Record) (err error) {
		for _, m := range mounts {
			v, none := s.Find(m.Name)
			if !m.Anonymous || none != nil || v.With == with || v.With != r.ID && exists(containers, v.With) {
				continue
			}
			v.With = with
			err = errors.Join(err, write(filepath.Join(s.dir, v.Name), v))
		}
		return err
	})
}

func exists(containers []record.Record, id string) bool {
	return slices.ContainsFunc(containers, func(r record.Record) bool { return r.ID == id })
}

// Sweep removes the volumes that go with a container and whose container is gone, unless another
// has them; and what is left of drafts and removals. Every command comes by, so an error is only what
// concerns the volumes of one container: the rest is tried again by the next command.
func (s *Store) Sweep(container string) error {
	if !s.isLittered() {
		return nil
	}
	var own []string
	err := s.alone(func(containers []record.Record) (err error) {
		all, _ := s.List() // one that cannot be read stays: volume ls names it
		for _, v := range all {
			users, unknown := users(containers, v.Name)
			if v.With == "" || exists(containers, v.With) || unknown != nil || len(users) > 0 {
				continue
			}
			gone, failed := s.discard(v.Name)
			if v.With == container {
				own, err = append(own, gone), errors.Join(err, failed)
			}
		}
		for _, draft := range s.hidden(".new-") {
			_, _ = s.discard(draft) // see above
		}
		return err
	})
	for _, gone := range own {
		err = errors.Join(err, os.RemoveAll(gone))
	}
	for _, gone := range s.hidden(".gone-") {
		_ = os.RemoveAll(filepath.Join(s.dir, gone)) // see above
	}
	return err
}

// isLittered tells whether there may be something to sweep. Mostly there is not, and then nobody has to wait for the lock, nor
// to read the records of hundreds of containers.
func (s *Store) isLittered() bool {
	all, _ := s.List()
	goes := func(v Volume) bool { return v.With != "" }
	return slices.ContainsFunc(all, goes) || len(s.hidden(".new-")) > 0 || len(s.hidden(".gone-")) > 0
}

// hidden lists what has a name that no volume can have.
func (s *Store) hidden(prefix string) (names []string) {
	entries, _ := os.ReadDir(s.dir) // of what cannot be read, nothing can be removed
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			names = append(names, entry.Name())
		}
	}
	return names
}
