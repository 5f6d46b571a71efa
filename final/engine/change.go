package engine

import (
	"errors"
	"fmt"

	"drydock/final/container"
	"drydock/final/resources"
	"drydock/final/restart"
	"drydock/internal/record"
	"drydock/stage2-cgroups/cgroup"
)

// group finds the cgroup of a container that runs.
func (e *Engine) group(r record.Record) (*cgroup.Group, error) {
	if !r.IsRunning() {
		return nil, NotRunning{r.ID}
	}
	c, err := container.Of(r)
	if err != nil {
		return nil, err
	}
	return cgroup.Find(c.Resources.Parent(c.Parent), r.ID)
}

// Pause has all of a container's processes stand still.
func (e *Engine) Pause(r record.Record) error { return e.freeze(r, true) }

// Unpause has them go on.
func (e *Engine) Unpause(r record.Record) error { return e.freeze(r, false) }

func (e *Engine) freeze(r record.Record, want bool) error {
	group, err := e.group(r)
	if errors.As(err, new(NotRunning)) && !want {
		return fmt.Errorf("Container %s is not paused", r.ID) //nolint:staticcheck // Docker's words
	}
	if err != nil {
		return err
	}
	defer group.Close()
	frozen, err := group.Frozen()
	switch {
	case err != nil:
		return err
	case frozen && want:
		return fmt.Errorf("container %s is already paused", r.ID)
	case !frozen && !want:
		return fmt.Errorf("Container %s is not paused", r.ID) //nolint:staticcheck // Docker's words
	case want:
		err = group.Freeze()
	default:
		err = group.Thaw()
	}
	if err == nil && want {
		e.TellContainer("pause", r)
	} else if err == nil {
		e.TellContainer("unpause", r)
	}
	return err
}

// Update changes the limits of a container, at once if it runs; and what becomes of it when it ends, unless policy is empty.
func (e *Engine) Update(r record.Record, change resources.Resources, policy string) error {
	_, err := e.Containers.Update(r.ID, func(r *record.Record) error {
		c, err := container.Of(*r)
		if err != nil {
			return err
		}
		var lines cgroup.Limits
		if c.Resources, lines, err = c.Resources.Update(change); err != nil {
			return err
		}
		if policy != "" {
			if c.Remove {
				return fmt.Errorf("Cannot update container %s: Restart policy cannot be updated because AutoRemove is enabled for the container", r.ID) //nolint:staticcheck // Docker's words
			}
			if c.Restart, err = restart.Parse(policy, false); err != nil {
				return err
			}
		}
		if r.IsRunning() {
			group, err := e.group(*r)
			if err != nil {
				return err
			}
			defer group.Close()
			if err := group.Set(lines); err != nil {
				return err
			}
		}
		return c.Note(r)
	})
	if err == nil {
		e.TellContainer("update", r)
	}
	return err
}

// Rename gives a container another name.
func (e *Engine) Rename(r record.Record, name string) error {
	if err := e.Containers.Rename(r.ID, name); err != nil {
		return fmt.Errorf("Error when allocating new name: %w", worded(err, "/"+name))
	}
	before := r.Name
	r.Name = name
	e.TellContainer("rename", r, "oldName", "/"+before)
	return e.networks().Rename(r.ID, name)
}
