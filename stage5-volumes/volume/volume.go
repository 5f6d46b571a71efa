// Package volume keeps directories that outlive the containers that use them.
//
// The problem: what a container writes goes with it. A database is to stay when its program is
// replaced by the next version, which is another container of another image.
//
// The mechanism is a directory with a name, volumes/NAME/_data below the state root, and bind
// mounts of it (package bind). What makes a volume of it is bookkeeping: a new one begins with
// what the image has at the place where it is mounted; one that was given no name goes with
// its container; and one that a container has is not removed. Who has it is in the
// containers' records, and counted there, never here.
//
// In a shell: mkdir -p volumes/data/_data; cp -a ROOT/TARGET/. volumes/data/_data; mount --bind
// volumes/data/_data ROOT/TARGET.
//
// To read: docker-volume-create(1), rename(2), flock(2).
package volume

import (
	"slices"

	"drydock/internal/record"
	"drydock/stage5-volumes/bind"
)

// A Mount is a directory or file that a container is to have: a bind mount of the host's, or
// a volume.
type Mount struct {
	bind.Mount
	Name      string `json:",omitempty"` // of the volume; empty for a bind mount
	Anonymous bool   `json:",omitempty"` // a volume whose name nobody gave
	Fill      bool   `json:",omitempty"` // if it is new, it begins with what the image has at Target
}

// part is the name of a container's mounts in its record.
const part = "volumes"

// Note makes a container's mounts a part of its record: so others know whose the volumes are.
func Note(r *record.Record, mounts []Mount) error { return r.Put(part, mounts) }

// Of returns the mounts of a container; none if it is of a stage that has no volumes.
func Of(r record.Record) (mounts []Mount, err error) {
	if _, noted := r.Parts[part]; noted {
		err = r.Get(part, &mounts)
	}
	return mounts, err
}

// users returns those of the containers that have a volume.
func users(containers []record.Record, name string) (users []record.Record, err error) {
	for _, r := range containers {
		mounts, err := Of(r)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(mounts, func(m Mount) bool { return m.Name == name }) {
			users = append(users, r)
		}
	}
	return users, nil
}
