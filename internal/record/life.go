package record

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"drydock/internal/proc"
)

// Run notes that a container is about to run, and that pid is its first process: beforehand,
// so that whatever happens next, it is known that it may have run.
func (s *Store) Run(id string, pid int) error {
	_, err := s.Update(id, func(r *Record) (err error) {
		r.State, r.Started = Running, time.Now()
		r.Init, err = proc.Of(pid)
		return err
	})
	return err
}

// End notes that a container has ended, with an exit code; or that, against expectation, it
// has not run. One that is not to be kept is removed. If it has been removed meanwhile, that
// is fine.
func (s *Store) End(id string, code int, ran bool) error {
	r, err := s.Read(id)
	if err == nil && !r.Keep {
		return s.Remove(id, true)
	}
	if err == nil {
		_, err = s.Update(id, func(r *Record) error {
			r.end(code, ran)
			return nil
		})
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (r *Record) end(code int, ran bool) {
	r.ExitCode, r.Init = code, proc.ID{}
	switch {
	case ran:
		r.State, r.Finished = Exited, time.Now()
	case r.Finished.IsZero():
		r.State, r.Started = Created, time.Time{}
	default: // it did once
		r.State = Exited
	}
}

// lost is the exit code of a container that nobody has seen end: its owner's death kills it, and if the machine was switched off,
// nobody can know. Docker has the same codes for that.
func (r *Record) lost() int {
	if r.Owner.Past() {
		return 255
	}
	return 137
}

// Again has a container that has ended be owned by process pid, which is about to run args
// in it.
func (s *Store) Again(id string, args []string, pid int) error {
	_, err := s.Update(id, func(r *Record) (err error) {
		if r.Owner.Alive() || r.IsRunning() {
			return fmt.Errorf("container %s is running: use exec", r.Name)
		}
		if err := s.Mine(*r, "start"); err != nil {
			return err
		}
		r.Args, r.State = args, Created
		r.Owner, err = proc.Of(pid)
		return err
	})
	return err
}
