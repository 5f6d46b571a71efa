package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/internal/proc"
)

func (s *Store) lockFile(name string) string { return filepath.Join(s.root, "locks", name) }

// lock waits for the lock called name and takes it: to close the file gives it back.
func (s *Store) lock(name string) (*os.File, error) { return s.take(name, unix.LOCK_EX) }

// take is flock(2) on a file that is removed together with what it protects: so whoever
// has waited for it may hold one that is nobody's any more, and takes the new one.
func (s *Store) take(name string, how int) (*os.File, error) {
	for {
		file, err := os.OpenFile(s.lockFile(name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := retry(func() error { return unix.Flock(int(file.Fd()), how) }); err != nil {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		held, err := file.Stat()
		if err != nil {
			file.Close()
			return nil, err
		}
		if current, err := os.Stat(file.Name()); err == nil && os.SameFile(held, current) {
			return file, nil
		}
		file.Close()
	}
}

// retry calls f until no signal interrupts it.
func retry(f func() error) error {
	for {
		if err := f(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// Sweep goes through the containers whose owner has died without cleaning up. One that was
// to stay has ended, and one that was not is removed, after clear has taken away what else
// there is of it. What somebody works on is left, and so are containers of later programs.
// Every command comes by here, so no more is read of a record than tells that.
func (s *Store) Sweep(clear func(Record) error) {
	// What cannot be swept is left: on a full disk, say, it must still be possible to remove.
	folders, _ := os.ReadDir(filepath.Join(s.root, "containers"))
	there := map[string]bool{}
	buffer := make([]byte, 16<<10)
	for _, folder := range folders {
		id := folder.Name()
		there[id] = true
		text, err := proc.ReadFile(filepath.Join(s.Dir(id), file), buffer)
		if errors.Is(err, fs.ErrNotExist) {
			s.discardBroken(id)
		}
		var r Record
		if err == nil && json.Unmarshal(head(text), &r) == nil && r.Abandoned() && s.Mine(r, "") == nil {
			_ = s.finish(id, clear)
		}
	}
	_ = errors.Join(s.emptyTrash(), s.dropLocks(there), s.dropNames(len(there)))
}

// head is a record's text without its parts: they are most of it, and come last.
func head(text []byte) []byte {
	if i := bytes.Index(text, []byte(",\n\t\"parts\": {")); i >= 0 {
		return append(text[:i], '}')
	}
	return text
}

// discardBroken removes a folder without a record. A container appears with its record, so
// such a folder was made by somebody who did not notice that it had been removed.
func (s *Store) discardBroken(id string) {
	if _, broken := os.Lstat(filepath.Join(s.Dir(id), file)); errors.Is(broken, fs.ErrNotExist) {
		_ = os.Rename(s.Dir(id), s.trash(id)) // it has just gone
	}
}

// finish does for a container what its owner would have done, unless somebody else does
// something to it. Whoever is killed in the midst of it leaves it to the next.
func (s *Store) finish(id string, clear func(Record) error) error {
	lock, err := s.take(id, unix.LOCK_EX|unix.LOCK_NB)
	if err != nil {
		return nil // see above
	}
	defer lock.Close()
	r, err := s.Read(id)
	if err != nil || !r.Abandoned() {
		return nil // somebody was faster
	}
	if err := clear(r); err != nil {
		return err
	}
	if !r.Keep {
		err := s.discard(id)
		lock.Close() // the one on names comes first, if somebody takes both
		return errors.Join(err, s.release(r.Name, id))
	}
	r.end(r.lost(), r.State == Running)
	return write(s.Dir(id), r)
}

// dropLocks removes the locks of containers that are gone: whoever removed one may have
// been killed before the last step. there are those that were seen a moment ago.
func (s *Store) dropLocks(there map[string]bool) error {
	files, err := os.ReadDir(filepath.Join(s.root, "locks"))
	for _, file := range files {
		if there[file.Name()] {
			continue
		}
		if _, gone := os.Stat(s.Dir(file.Name())); !errors.Is(gone, fs.ErrNotExist) || file.Name() == "names" {
			continue
		}
		lock, busy := s.take(file.Name(), unix.LOCK_EX|unix.LOCK_NB)
		if busy != nil {
			continue // somebody is about to find out that the container is gone
		}
		err = errors.Join(err, os.Remove(lock.Name()), lock.Close())
	}
	return err
}

// emptyTrash removes what is left of a creation or a removal that was interrupted.
func (s *Store) emptyTrash() error {
	left, err := os.ReadDir(filepath.Join(s.root, "trash"))
	if err != nil || len(left) == 0 {
		return err
	}
	names, err := s.lock("names") // without it, there may be one that is just being made
	if err != nil {
		return err
	}
	defer names.Close()
	for _, entry := range left {
		err = errors.Join(err, os.RemoveAll(s.trash(entry.Name())))
	}
	return err
}
