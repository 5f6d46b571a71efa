package engine

import (
	"fmt"
	"maps"

	"drydock/final/container"
	"drydock/final/events"
	"drydock/internal/record"
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
