// Package events keeps what has happened to containers, images, volumes and networks, and tells
// it, also while it happens: docker events.
//
// The problem: there is no daemon that all changes go through, and that those who want to know
// could listen to. So whoever makes a change appends a line to the file `events` in the state
// root, and whoever wants to know follows that file:
//
//	{"status":"start","id":"0b86…","from":"busybox","Type":"container","Action":"start", …}
//
// The file is bounded: with 4 MiB it becomes events.1, in the place of the one before. Appending
// is under a lock on the folder (flock(2)), with the time taken there: so lines are in the order
// of their times.
//
// An event that cannot be written is an error of Add and of nothing else: the change that it is
// about has been made. So a command tells of it, and succeeds.
//
// To read: docker events --help. Package lines has how the file is rotated, and followed.
package events

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/filter"
	"drydock/final/lines"
)

// full is when the file is: there are two of them at most.
const full = 4 << 20

// An Event is one change, in Docker's form.
type Event struct {
	Status   string `json:"status,omitempty"` // the first three are old names for parts of the others
	ID       string `json:"id,omitempty"`
	From     string `json:"from,omitempty"`
	Type     string // container, image, volume, network
	Action   string // create, start, die, …
	Actor    Actor
	Scope    string `json:"scope,omitempty"`
	Time     int64  `json:"time,omitempty"`
	TimeNano int64  `json:"timeNano,omitempty"`
}

// An Actor is what an event is about.
type Actor struct {
	ID         string
	Attributes map[string]string
}

// New returns an event. It gets its time when it is added.
func New(kind, action, id string, attributes map[string]string) Event {
	e := Event{Type: kind, Action: action, Actor: Actor{ID: id, Attributes: attributes}, Scope: "local"}
	if kind == "container" || kind == "image" {
		e.Status, e.ID = action, id
	}
	if kind == "container" {
		e.From = attributes["image"]
	}
	return e
}

// A Log is the events of a state root.
type Log struct{ path string }

// Open returns the events of a state root. Nothing is made or read yet.
func Open(root string) *Log { return &Log{filepath.Join(root, "events")} }

// Add writes an event, with the time that it is.
func (l *Log) Add(e Event) error {
	if err := l.add(e); err != nil {
		return fmt.Errorf("note the event %s %s of %s: %w", e.Type, e.Action, e.Actor.ID, err)
	}
	return nil
}

func (l *Log) add(e Event) error {
	lock, err := lines.Lock(l.path, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	file, size, err := lines.Append(l.path)
	if err == nil && size >= full {
		file.Close()
		file, err = lines.Rotate(l.path, 2)
	}
	if err != nil {
		return err
	}
	now := time.Now()
	e.Time, e.TimeNano = now.Unix(), now.UnixNano()
	line, err := json.Marshal(e)
	if err == nil {
		_, err = file.Write(append(line, '\n')) // half a line is cut off by the next Append
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// A Query is which events to read.
type Query struct {
	Since, Until time.Time // zero: from now on, and without end
	Filters      filter.Set
}

// Read calls each for the events that a query wants, in order, as docker events does: those of
// the past if there is a Since or an Until, and those to come unless Until is past. It waits for
// them until then, or for ctx: both are no errors.
func (l *Log) Read(ctx context.Context, q Query, each func(Event) error) error {
	if !q.Until.IsZero() && q.Until.Before(q.Since) {
		return fmt.Errorf("`since` time (%d.%09d) cannot be after `until` time (%d.%09d)",
			q.Since.Unix(), q.Since.Nanosecond(), q.Until.Unix(), q.Until.Nanosecond())
	}
	from := lines.Query{Tail: -1, Follow: true}
	if q.Since.IsZero() && q.Until.IsZero() {
		from.Tail = 0
	}
	if !q.Until.IsZero() {
		deadline, cancel := context.WithDeadline(ctx, q.Until)
		defer cancel()
		from.Done = deadline.Done()
	} else {
		from.Done = ctx.Done()
	}
	return lines.Read(context.WithoutCancel(ctx), l.path, from, func(line []byte) error {
		var e Event
		if json.Unmarshal(line, &e) != nil {
			return nil //nolint:nilerr // a damaged line is no event
		}
		at := time.Unix(0, e.TimeNano)
		switch {
		case !q.Until.IsZero() && at.After(q.Until):
			return lines.ErrEnough
		case at.Before(q.Since), !wanted(q.Filters, e):
			return nil
		}
		return each(e)
	})
}
