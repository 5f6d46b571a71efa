package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A name is a symbolic link to the id of the container that has it, names/web → 4f1d…: so nobody has to read all records to
// find one of them, or to learn that none has a name. What counts is the name in the record: a link that was left behind
// by somebody who was killed leads nowhere, or to a container that is called otherwise.

func (s *Store) link(name string) string { return filepath.Join(s.root, "names", name) }

// Named returns the record of the container that has a name.
func (s *Store) Named(name string) (Record, error) {
	if !nameRule.MatchString(name) {
		return Record{}, fs.ErrNotExist
	}
	id, err := os.Readlink(s.link(name))
	if err != nil {
		return Record{}, err
	}
	r, err := s.Read(id)
	if err == nil && r.Name != name {
		err = fs.ErrNotExist
	}
	return r, err
}

// A BadName is the error for a name that no container can have.
type BadName struct{ Name string }

// Error is part of error.
func (b BadName) Error() string {
	return fmt.Sprintf("invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", b.Name)
}

// A TakenName is the error for a name that another container has.
type TakenName struct{ Name, ID string }

// Error is part of error.
func (t TakenName) Error() string {
	return fmt.Sprintf("the container name %q is already in use by container %q: remove (or rename) that container to be able to reuse that name", t.Name, t.ID)
}

// claim locks all names, if this one can be given to a container: it is closed when that has been done.
func (s *Store) claim(name, id string) (io.Closer, error) {
	if !nameRule.MatchString(name) {
		return nil, BadName{name}
	}
	names, err := s.lock("names")
	if err != nil {
		return nil, err
	}
	other, err := s.Named(name)
	switch {
	case err == nil:
		err = TakenName{name, other.ID}
	case errors.Is(err, fs.ErrNotExist):
		if err = s.unlink(name); err == nil {
			err = os.Symlink(id, s.link(name))
		}
	}
	if err != nil {
		names.Close()
		return nil, err
	}
	return names, nil
}

// unlink removes a link. That it is not there is fine.
func (s *Store) unlink(name string) error {
	if err := os.Remove(s.link(name)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// release removes the link of a container that has been removed, or has another name now; unless the name is another's already.
func (s *Store) release(name, id string) error {
	names, err := s.lock("names")
	if err != nil {
		return err
	}
	defer names.Close()
	if whose, err := os.Readlink(s.link(name)); err != nil || whose != id {
		return nil
	}
	return s.unlink(name)
}

// dropNames removes the links that lead nowhere, if there are more names than containers.
func (s *Store) dropNames(containers int) error {
	links, err := os.ReadDir(filepath.Join(s.root, "names"))
	if err != nil || len(links) <= containers {
		return err
	}
	names, err := s.lock("names") // without it, there may be one whose container is just being made
	if err != nil {
		return err
	}
	defer names.Close()
	for _, link := range links {
		id, _ := os.Readlink(s.link(link.Name())) // it has just gone: then there is nothing to unlink
		if _, gone := s.Read(id); errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, s.unlink(link.Name()))
		}
	}
	return err
}

// beginning returns the ids that begin with some digits.
func (s *Store) beginning(digits string) (ids []string, err error) {
	entries, err := os.ReadDir(filepath.Join(s.root, "containers"))
	for _, entry := range entries {
		if digits != "" && strings.HasPrefix(entry.Name(), digits) {
			ids = append(ids, entry.Name())
		}
	}
	return ids, err
}
