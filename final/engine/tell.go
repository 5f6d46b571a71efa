package engine

import (
	"drydock/internal/record"
)

// tellContainer writes down that something has happened to a container.
func (e *Engine) tellContainer(action string, r record.Record, more ...string) {}

// TellStarted is the supervisor's.
func (e *Engine) TellStarted(id string) {
	if r, err := e.Containers.Read(id); err == nil {
		e.tellContainer("start", r)
	}
}
