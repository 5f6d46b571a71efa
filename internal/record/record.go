// Package record keeps what is known of a container on disk, from the stage on in which a
// container outlives its process: for whoever lists, enters, stops or removes it later.
//
// There is one folder a container, containers/ID below the state root, with a file
// record.json in it that people can read. It is only ever replaced as a whole: written
// to another file, flushed, renamed. Whoever changes it holds a lock (flock(2)) on a
// file below locks/, which ends with the process that holds it.
//
// Each mechanism has a part of the record under its own name, and knows its own type. A
// program keeps the parts that it does not know, so that an earlier stage can list what a
// later one has made.
package record

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"drydock/internal/proc"
)

// A State is how far a container has come.
type State string

// The states, by Docker's names.
const (
	Created State = "created"
	Running State = "running"
	Exited  State = "exited"
)

// A Record is what is known of a container.
type Record struct {
	ID      string    `json:"id"` // 64 hexadecimal digits
	Name    string    `json:"name"`
	Writer  string    `json:"writer"` // the program that made it: "stage3"
	Created time.Time `json:"created"`
	Args    []string  `json:"args"` // the command and its arguments
	Keep    bool      `json:"keep"` // it stays when it has ended

	// Who made or started it is its owner, and cleans up at the end. The first process is
	// there only from when the program runs.
	State    State     `json:"state"`
	Owner    proc.ID   `json:"owner"`
	Init     proc.ID   `json:"init"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	ExitCode int       `json:"exitCode"`

	Parts map[string]json.RawMessage `json:"parts,omitempty"`
}

// ShortID is the first 12 digits of the id, as tables show it.
func (r Record) ShortID() string { return r.ID[:12] }

// Put makes value the part of a mechanism.
func (r *Record) Put(mechanism string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("record of %s: %s: %w", r.Name, mechanism, err)
	}
	if r.Parts == nil {
		r.Parts = map[string]json.RawMessage{}
	}
	r.Parts[mechanism] = text
	return nil
}

// Get reads the part of a mechanism into value. A part that is not there is an error.
func (r Record) Get(mechanism string, value any) error {
	text, there := r.Parts[mechanism]
	if !there {
		return fmt.Errorf("container %s has no record of its %s: it was made by %s", r.Name, mechanism, r.Writer)
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("record of %s: %s: %w", r.Name, mechanism, err)
	}
	return nil
}

// IsRunning tells whether the container runs, whatever the record says: its processes may
// have been killed, and nobody left to write that down.
func (r Record) IsRunning() bool {
	return r.State == Running && r.Init.Alive()
}

// inUse tells whether it runs, or somebody is about to start it.
func (r Record) inUse() bool {
	return r.IsRunning() || r.State == Created && r.Owner.Alive()
}

// Removable refuses a container that runs, or that somebody is about to start.
func (r Record) Removable() error {
	if r.inUse() {
		return fmt.Errorf("cannot remove container %q: container is running: stop the container before removing or force remove", r.Name)
	}
	return nil
}

// Abandoned tells whether whoever ran it has died and left something to do.
func (r Record) Abandoned() bool {
	return (!r.Keep || r.begun()) && !r.Owner.Alive() && !r.IsRunning()
}

// begun tells whether it was being started, or ran.
func (r Record) begun() bool {
	return r.State == Running || r.State == Created && !r.Started.IsZero()
}

// NewID returns 64 random hexadecimal digits.
func NewID() string {
	var bytes [32]byte
	rand.Read(bytes[:]) // never fails, says its documentation
	return hex.EncodeToString(bytes[:])
}

// nameRule is Docker's rule for the names of containers.
var nameRule = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)
