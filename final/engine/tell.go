package engine

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"drydock/final/container"
	"drydock/final/events"
	"drydock/final/mounts"
	"drydock/final/mounts/point"
	"drydock/final/networks"
	"drydock/final/networks/connect"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// Tell writes down that something has happened. That it cannot be written keeps nobody from going on.
func (e *Engine) Tell(kind, action, id string, attributes map[string]string) {
	if err := events.Open(e.Root).Add(events.New(kind, action, id, attributes)); err != nil {
		e.Note(fmt.Sprintf("this is not among the events: %v", err))
	}
}

// TellContainer writes down that something has happened to a container; more are names and values.
func (e *Engine) TellContainer(action string, r record.Record, more ...string) {
	attributes := map[string]string{}
	if c, err := container.Of(r); err == nil {
		maps.Copy(attributes, c.Labels)
		attributes["image"] = c.Image
	}
	attributes["name"] = r.Name
	for i := 0; i+1 < len(more); i += 2 {
		attributes[more[i]] = more[i+1]
	}
	e.Tell("container", action, r.ID, attributes)
}

// tellNetworks writes down that a container has come to the networks of its places, or leaves them; or the host's, or none, which take no
// place.
func (e *Engine) tellNetworks(action string, c container.Config, places []connect.Place) {
	for _, place := range places {
		e.tellNetwork(action, place.Network, c.ID)
	}
	if name := c.Network(); name == networks.Host || name == networks.None {
		e.tellNetwork(action, networks.Builtin(name), c.ID)
	}
}

func (e *Engine) tellNetwork(action string, n networks.Network, id string) {
	e.Tell("network", action, n.ID, map[string]string{"container": id, "name": n.Name, "type": n.Driver()})
}

// tellMounts writes down that a container that is about to start has its volumes.
func (e *Engine) tellMounts(c container.Config, mounted []point.Point) {
	for _, p := range mounted {
		if p.Type != mounts.Volume {
			continue
		}
		e.Tell("volume", "mount", p.Name, map[string]string{
			"container": c.ID, "destination": p.Target, "driver": "local", "propagation": p.Propagation, "read/write": strconv.FormatBool(!p.ReadOnly),
		})
	}
}

// tellUnmounts writes down that one that has ended has them no more.
func (e *Engine) tellUnmounts(c container.Config, mounted []point.Point) {
	for _, p := range mounted {
		if p.Type == mounts.Volume {
			e.Tell("volume", "unmount", p.Name, map[string]string{"container": c.ID, "driver": "local"})
		}
	}
}

// tellVolumesGone writes down which volumes have gone with a container.
func (e *Engine) tellVolumesGone(r record.Record) {
	points, err := point.Of(r)
	if err != nil {
		return // nobody knows what there was
	}
	for _, p := range points {
		if _, err := e.Volumes.Find(p.Name); p.Anonymous && errors.Is(err, volume.ErrNone) {
			e.Tell("volume", "destroy", p.Name, map[string]string{"driver": "local"})
		}
	}
}

// tellExec writes down that a program is about to be run in a container, and returns what writes down how it has ended.
func (e *Engine) tellExec(r record.Record, args []string) (ended func(code int)) {
	id := record.NewID()
	command := args[0] + " " + strings.Join(args[1:], " ") // with that blank, whatever comes after it, as in Docker
	e.TellContainer("exec_create: "+command, r, "execID", id)
	e.TellContainer("exec_start: "+command, r, "execID", id)
	return func(code int) { e.TellContainer("exec_die", r, "execID", id, "exitCode", strconv.Itoa(code)) }
}
