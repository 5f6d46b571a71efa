// Package point is what a container has mounted.
//
// The problem: four say what is mounted where: the command line, other containers by way of
// --volumes-from, and the image; and two of them may mean the same place. Which wins, and which
// two contradict each other, users of Docker have learnt.
//
// There is a Point for each mount. It has all that is needed to mount it (package attach), and is
// a part of the container's record, where stage 5 finds the volumes among them.
//
// To read: docker-container-inspect(1) on Mounts, docker-run(1) on --volumes-from.
package point

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"drydock/final/mounts"
	"drydock/internal/record"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// A Point is one mount of a container.
type Point struct {
	volume.Mount
	Type    string
	Mode    string            `json:",omitempty"` // as typed behind -v
	Driver  string            `json:",omitempty"` // of a volume
	Labels  map[string]string `json:",omitempty"` // of the volume, if it is new
	Options map[string]string `json:",omitempty"` // the same: what the driver is to mount
	Subpath string            `json:",omitempty"` // in the volume
	Tmpfs   string            `json:",omitempty"` // its options, but for ReadOnly
	Flag    bool              `json:",omitempty"` // it was given with --tmpfs
}

// part is where stage 5 has the mounts in a record, and looks for those of others.
const part = "volumes"

// Note makes a container's mounts a part of its record.
func Note(r *record.Record, points []Point) error { return r.Put(part, points) }

// Of returns the mounts of a container; none if it is of a program that has none.
func Of(r record.Record) (points []Point, err error) {
	if _, noted := r.Parts[part]; noted {
		err = r.Get(part, &points)
	}
	return points, err
}

// Mounted are those of the points that are mounted: a --tmpfs takes the place of another.
func Mounted(points []Point) []Point {
	return slices.DeleteFunc(slices.Clone(points), func(p Point) bool {
		return !p.Flag && slices.ContainsFunc(points, func(q Point) bool { return q.Flag && q.Target == p.Target })
	})
}

// An Entry is a mount as docker inspect shows it.
type Entry struct {
	Type        string
	Name        string `json:",omitempty"`
	Source      string
	Destination string
	Driver      string `json:",omitempty"`
	Mode        string
	RW          bool
	Propagation string
}

// Entries are what docker inspect shows under Mounts. What was given with --tmpfs is shown with
// the command line only.
func Entries(points []Point) []Entry {
	entries := []Entry{}
	for _, p := range points {
		e := Entry{
			Type: p.Type, Name: p.Name, Source: p.Source, Destination: p.Target,
			Driver: p.Driver, Mode: p.Mode, RW: !p.ReadOnly, Propagation: p.Propagation,
		}
		if p.Type == mounts.Bind {
			e.Propagation = cmp.Or(p.Propagation, "rprivate")
		}
		if !p.Flag {
			entries = append(entries, e)
		}
	}
	return entries
}

// fromVolume is what one -v with a source says.
func fromVolume(spec, driver string) (Point, error) {
	m, mode, err := mounts.ParseVolume(spec)
	p := Point{Mount: m, Type: mounts.Bind, Mode: mode}
	if m.Name != "" {
		p.Type, p.Driver, p.Mode = mounts.Volume, cmp.Or(driver, "local"), cmp.Or(mode, "z")
	}
	return p, err
}

// fromMount is what one --mount says.
func fromMount(m mounts.Mount) (Point, error) {
	if err := m.Check(); err != nil {
		return Point{}, err
	}
	p := Point{Type: m.Type, Mount: volume.Mount{Mount: bind.Mount{Target: path.Clean(m.Target), ReadOnly: m.ReadOnly}}}
	switch m.Type {
	case mounts.Bind:
		p.Source, p.MustExist = path.Clean(m.Source), true
		if o := m.BindOptions; o != nil {
			p.Propagation, p.NonRecursive, p.WritableBelow = o.Propagation, o.NonRecursive, o.ReadOnlyNonRecursive
			p.MustExist = !o.CreateMountpoint
		}
	case mounts.Volume:
		p.Name, p.Anonymous, p.Driver, p.Mode, p.Fill = m.Source, m.Source == "", "local", "z", true
		if o := m.VolumeOptions; o != nil {
			p.Labels, p.Fill = o.Labels, !o.NoCopy
			if path.Clean(o.Subpath) != "." { // which is all of the volume
				p.Subpath = o.Subpath
			}
			if o.DriverConfig != nil {
				p.Driver, p.Options = cmp.Or(o.DriverConfig.Name, "local"), o.DriverConfig.Options
			}
		}
	case mounts.Tmpfs:
		p.Tmpfs = tmpfsOptions(m)
	}
	return p, nil
}

// tmpfsOptions are those that --tmpfs would have, but for ro.
func tmpfsOptions(m mounts.Mount) string {
	var options []string
	if o := m.TmpfsOptions; o != nil && o.Mode != 0 {
		options = append(options, fmt.Sprintf("mode=%o", o.Mode))
	}
	if o := m.TmpfsOptions; o != nil && o.SizeBytes != 0 {
		options = append(options, fmt.Sprintf("size=%d", o.SizeBytes))
	}
	return strings.Join(options, ",")
}
