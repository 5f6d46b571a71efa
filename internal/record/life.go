package record

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"drydock/internal/proc"
)

// Run notes that a container runs, and that pid is its first process.
func (s *Store) Run(id string, pid int) error {
	_, err := s.Update(id, func(r *Record) error {
		r.State, r.Started = Running, time.Now()
		r.Init, _ = proc.Of(pid) // if that has ended already, it is none
		return nil
	})
	return err
}

// End notes that a container has ended, or has not come to run, with an exit code. One
// that is not to be kept is removed. If it has been removed meanwhile, that is fine.
func (s *Store) End(id string, code int) error {
	r, err := s.Read(id)
	if err == nil && !r.Keep {
		return s.Remove(id, true)
	}
	if err == nil {
		_, err = s.Update(id, func(r *Record) error {
			if !r.Started.IsZero() {
				r.State, r.Finished = Exited, time.Now()
			}
			r.ExitCode, r.Init = code, proc.ID{}
			return nil
		})
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
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
