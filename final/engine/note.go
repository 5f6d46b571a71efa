package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"time"

	"drydock/final/console"
	"drydock/final/container"
	"drydock/final/mounts/point"
	"drydock/final/networks"
	"drydock/internal/proc"
	"drydock/internal/record"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/usage"
	"drydock/stage6-network/port"
)

// Find returns the record of the container that a user means.
func (e *Engine) Find(ref string) (record.Record, error) {
	r, err := e.Containers.Find(ref)
	if none, isNone := errors.AsType[record.NotFound](err); isNone {
		err = NoContainer{none}
	}
	return r, err
}

// A NoContainer is a record.NotFound in Docker's words.
type NoContainer struct{ record.NotFound }

// Error is part of error.
func (n NoContainer) Error() string { return "No such container: " + n.Ref }

// Unwrap is part of errors.
func (n NoContainer) Unwrap() error { return n.NotFound }

// Own notes that this process is a container's supervisor from now on, and is about to start it. It returns what the container is.
func (e *Engine) Own(id string) (c container.Config, points []point.Point, err error) {
	_, err = e.Containers.Update(id, func(r *record.Record) (err error) {
		if r.Owner.Alive() && r.State != record.Created || r.IsRunning() {
			return fmt.Errorf("container %s is running", r.Name)
		}
		if c, err = container.Of(*r); err != nil {
			return err
		}
		if points, err = point.Of(*r); err != nil {
			return err
		}
		r.State, r.Keep, r.Started = record.Created, !c.Remove, time.Now() // not created and left alone: begun
		if r.Owner, err = proc.Of(os.Getpid()); err != nil {
			return err
		}
		return container.Life{}.Note(r)
	})
	return c, points, err
}

// noteRun notes that a container is about to run, beforehand: so that whatever happens next, it is known that it may have run.
func (e *Engine) noteRun(c container.Config, pid int, ports []port.Mapping) error {
	init, err := proc.Of(pid)
	if err != nil {
		return err
	}
	return container.Live(e.Containers, c.ID, func(r *record.Record, life *container.Life) {
		r.State, r.Started, r.Init = record.Running, time.Now(), init
		life.Ports, life.Restarting, life.Error, life.OOMKilled = ports, false, "", false
	})
}

// noteFilled notes that a container's volumes have had their first content: by the first program that ran in it. What a later
// start finds in those places is the container's own.
func (e *Engine) noteFilled(c container.Config, points []point.Point) error {
	if !slices.ContainsFunc(points, func(p point.Point) bool { return p.Fill }) {
		return nil
	}
	filled := slices.Clone(points)
	for i := range filled {
		filled[i].Fill = false
	}
	_, err := e.Containers.Update(c.ID, func(r *record.Record) error { return point.Note(r, filled) })
	return err
}

// noteMemory notes whether the kernel has killed one of the container's processes because it had no memory left.
func (e *Engine) noteMemory(c container.Config, group *cgroup.Group) error {
	killed := usage.OutOfMemory(group.Path)
	if killed == nil {
		return nil
	}
	e.Note(killed.Error())
	err := container.Live(e.Containers, c.ID, func(_ *record.Record, life *container.Life) { life.OOMKilled = true })
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was removed meanwhile
	}
	return err
}

// show gives the supervisor the container's terminal, if it has one: it has come through a socket.
func (s Session) show(socket *os.File) error {
	if socket == nil {
		return nil
	}
	terminal, err := console.Receive(int(socket.Fd()))
	if err == nil {
		s.Terminal(terminal)
	}
	return err
}

// usualBinding is where the ports are published of which nobody says where: what the container's first network says.
func (e *Engine) usualBinding(c container.Config) netip.Addr {
	if !c.HasBridge() || len(c.Ports) == 0 {
		return netip.Addr{}
	}
	n, err := networks.Find(e.Root, c.Networks[0].Network)
	if err != nil {
		return netip.Addr{} // and the network says so when it is asked for a place
	}
	options, err := networks.ParseOptions(n.Options)
	if err != nil {
		return netip.Addr{}
	}
	return options.Binding
}
