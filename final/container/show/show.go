// Package show tells what is known of containers, as docker ps shows it.
//
// The problem: what there is to know of a container is in several parts of its record, and people want a line of it, in
// words: since when it is up, which of its ports lead where. They know Docker's columns, and have scripts that read them.
//
//	show.go      what is known of a container
//	list.go      docker ps: a row for each
//	select.go    which containers that are: -a, -n and --filter
//	words.go     status, command and ports, worded
//
// Rows are made here, and written by package format. Each record is read once, whatever is shown.
//
// In a shell: jq -r '[.id[:12], .name, .state] | @tsv' containers/*/record.json.
//
// To read: docker-ps(1).
package show

import (
	"errors"

	"drydock/final/container"
	"drydock/final/mounts/point"
	"drydock/internal/record"
)

// A Container is all that is known of one.
type Container struct {
	record.Record
	Config container.Config // of one that a stage has made, as much as is the same there
	Life   container.Life
	Points []point.Point
	Status string // created, running, paused, restarting or exited
	Size   Size
}

// A Size is how much of the disk is a container's, in bytes. If it is not wanted, it is 0.
type Size struct {
	Own int64 // what it has written
	All int64 // with its image; 0 if it is on a directory
}

// Of returns what a record says. How far the container has come, only the kernel knows: status is asked.
func Of(r record.Record, status func(record.Record, container.Config, container.Life) string) (c Container, err error) {
	c.Record = r
	var errs [3]error
	c.Config, errs[0] = container.Of(r)
	c.Life, errs[1] = container.LifeOf(r)
	c.Points, errs[2] = point.Of(r)
	c.Status = status(r, c.Config, c.Life)
	return c, errors.Join(errs[:]...)
}

// IsUp tells whether docker ps shows it without being asked for all.
func (c Container) IsUp() bool {
	return c.Status == "running" || c.Status == "paused" || c.Status == "restarting"
}
