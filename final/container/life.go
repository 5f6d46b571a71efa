package container

import (
	"drydock/final/health"
	"drydock/internal/record"
	"drydock/stage6-network/port"
)

// A Life is what has become of a container, besides what is in every record.
type Life struct {
	Stopped    bool           `json:",omitempty"` // somebody has stopped it: no policy starts it again
	Restarting bool           `json:",omitempty"` // it has ended, and will be started again
	Restarts   int            `json:",omitempty"` // how often it was
	Error      string         `json:",omitempty"` // why it could not be started
	OOMKilled  bool           `json:",omitempty"` // the kernel has killed one of its processes for memory
	Ports      []port.Mapping `json:",omitempty"` // that are published, while it runs
	Health     *health.Health `json:",omitempty"`
}

// life is the name of a Life in the record.
const life = "life"

// LifeOf returns what has become of a container. One that was never started has nothing to tell.
func LifeOf(r record.Record) (l Life, err error) {
	if _, there := r.Parts[life]; there {
		err = r.Get(life, &l)
	}
	return l, err
}

// Note makes it a part of the record.
func (l Life) Note(r *record.Record) error { return r.Put(life, l) }

// Live has change see and change what has become of a container.
func Live(s *record.Store, id string, change func(*record.Record, *Life)) error {
	_, err := s.Update(id, func(r *record.Record) error {
		l, err := LifeOf(*r)
		if err != nil {
			return err
		}
		change(r, &l)
		return l.Note(r)
	})
	return err
}
