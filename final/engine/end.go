package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"drydock/final/container"
	"drydock/final/wire"
	"drydock/internal/record"
)

// End is the supervisor's: it notes how a container has ended, or that it could not be started; and if it is not to stay, it goes.
func (e *Engine) End(r record.Record, code int, ran bool, reason error) error {
	if !r.Keep {
		return e.remove(r, true, true)
	}
	err := container.Live(e.Containers, r.ID, func(_ *record.Record, life *container.Life) {
		life.Restarting, life.Ports, life.Health = false, nil, nil
		if reason != nil {
			life.Error = reason.Error()
		}
	})
	return forgive(errors.Join(err, e.Containers.End(r.ID, code, ran)))
}

// forgive takes a container that was removed meanwhile for one that is done with.
func forgive(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// A Removal says how containers are removed.
type Removal struct {
	Force   bool // kill one that runs first
	Volumes bool // and its anonymous volumes with it
}

// Remove removes a container.
func (e *Engine) Remove(r record.Record, how Removal) error {
	if how.Force && (r.IsRunning() || r.Owner.Alive()) {
		if _, err := e.Order(r, wire.Request{Verb: wire.Kill, Signal: "SIGKILL"}); err != nil && !errors.As(err, new(NotRunning)) {
			return err
		}
	} else if err := e.removable(r); err != nil {
		return err
	}
	held, err := e.hold(r)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its supervisor was faster
	} else if err != nil {
		return err
	}
	defer held.Close()
	return e.remove(r, how.Volumes, how.Force)
}

// removable refuses a container that runs, in Docker's words.
func (e *Engine) removable(r record.Record) error {
	known, err := e.Describe(r)
	if err != nil {
		return err
	}
	switch s := known.Status; s {
	case "running", "restarting":
		return fmt.Errorf("cannot remove container %q: container is %s: stop the container before removing or force remove", r.Name, s)
	case "paused":
		return fmt.Errorf("cannot remove container %q: container is paused and must be unpaused first: unpause the container before removing or force remove", r.Name)
	}
	return r.Removable()
}

// remove does so. What becomes of its volumes is settled before the record goes: whoever is killed in between leaves a
// container, whose next rm settles it anew; and once the record is gone, nobody knows any more whose volumes they were.
func (e *Engine) remove(r record.Record, volumes, force bool) error {
	if err := e.Volumes.Settle(r, r.Keep && !volumes); err != nil {
		return err
	}
	if err := e.Containers.Remove(r.ID, force); err != nil {
		return err
	}
	err := errors.Join(e.clear(r), e.Volumes.Sweep(r.ID)) // now nobody can start it any more
	e.tellVolumesGone(r)
	e.TellContainer("destroy", r)
	return err
}

// clear takes away what a container has only while it runs, and has left if its supervisor was killed. Nobody can start it meanwhile.
func (e *Engine) clear(r record.Record) error {
	c, err := container.Of(r)
	if err != nil {
		return nil //nolint:nilerr // nobody knows what there would be
	}
	tree, err := e.tree()
	if err == nil {
		err = tree.Group(filepath.Join(c.Resources.Parent(c.Parent), r.ID)).Remove()
	}
	return errors.Join(err, e.release(c))
}

// Status is how far a container has come, in Docker's words.
func (e *Engine) Status(r record.Record, c container.Config, life container.Life) string {
	running := r.IsRunning()
	switch {
	case running && e.isFrozen(r.ID, c):
		return "paused"
	case running:
		return "running"
	case life.Restarting && r.Owner.Alive():
		return "restarting"
	case r.State == record.Running: // nobody has written down yet that it has ended
		return string(record.Exited)
	}
	return string(r.State)
}

// isFrozen tells whether it is paused. In doubt it is not.
func (e *Engine) isFrozen(id string, c container.Config) bool {
	tree, err := e.tree()
	if err != nil {
		return false
	}
	frozen, err := tree.Group(filepath.Join(c.Resources.Parent(c.Parent), id)).Frozen()
	return err == nil && frozen
}
