// Package volumes makes, shows and removes volumes, as docker volume does.
//
// The problem: volumes stay when their containers are gone, and somebody has to find out which
// are still good for something. So they can be labelled, selected by what they are and whether a
// container has them, and all that nobody has can be removed at once.
//
//	create.go     docker volume create; and those that a container is about to use
//	list.go       docker volume ls: a row each, filters
//	inspect.go    docker volume inspect: JSON
//	prune.go      docker volume prune
//
// The volumes are stage 5's: a folder each, with a file meta.json. Labels and options are in there.
//
// To read: docker-volume(1).
package volumes

import (
	"cmp"
	"fmt"
	"strings"

	"drydock/final/mounts"
	"drydock/final/mounts/local"
	"drydock/final/mounts/point"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// Values are what docker volume create is given.
type Values struct {
	Name    string
	Driver  string
	Labels  []string // KEY or KEY=VALUE
	Options []string // the same
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{
		{Name: "driver", Short: "d", Value: flags.String{To: &v.Driver}, Usage: "the `DRIVER`: there is local"},
		{Name: "label", Value: flags.List{To: &v.Labels}, Usage: "note `KEY=VALUE` with the volume"},
		{Name: "opt", Short: "o", Value: flags.List{To: &v.Options}, Usage: "`KEY=VALUE` for the driver: type, device and o are what mount(8) takes"},
	}
}

// Create makes a volume, and returns its name. One that is there already is left as it is.
func Create(s *volume.Store, v Values) (name string, err error) {
	made := volume.Volume{Name: v.Name, Labels: pairs(v.Labels), Options: pairs(v.Options)}
	for _, label := range v.Labels {
		if key, _, _ := strings.Cut(label, "="); key == "" {
			return "", fmt.Errorf("invalid argument %q for \"--label\" flag: invalid label '%s': empty name", label, label)
		}
	}
	if v.Name == "" {
		made.Name, made.Anonymous = record.NewID(), true
	}
	return made.Name, create(s, made, v.Driver)
}

// pairs are the values by their keys; the last of several counts.
func pairs(texts []string) map[string]string {
	all := map[string]string{}
	for _, text := range texts {
		key, value, _ := strings.Cut(text, "=")
		all[key] = value
	}
	return all
}

func create(s *volume.Store, v volume.Volume, driver string) error {
	if driver = cmp.Or(driver, "local"); driver != "local" {
		return fmt.Errorf("create %s: error looking up volume plugin %s: plugin %q not found: there is the driver local", v.Name, driver, driver)
	}
	if err := volume.CheckName(v.Name); err != nil {
		return err
	}
	if _, err := s.Find(v.Name); err == nil {
		return nil // whatever its options are
	}
	if err := local.Check(v.Options); err != nil {
		return fmt.Errorf("create %s: %w", v.Name, err)
	}
	return s.Create(v)
}

// Provide makes the volumes among a container's mounts that are not there yet, and notes where they
// are and what is mounted there. One without a name gets one, and goes with the container whose id is
// given. It returns the names of those that it has made. The store is held (volume.Store.Hold).
func Provide(s *volume.Store, points []point.Point, container string) (names []string, err error) {
	for i := range points {
		p := &points[i]
		if p.Type != mounts.Volume {
			continue
		}
		v := volume.Volume{Name: p.Name, Labels: p.Labels, Options: p.Options}
		if p.Anonymous && p.Name == "" {
			v.Name, v.Anonymous, v.With = record.NewID(), true, container
		}
		_, unknown := s.Find(v.Name)
		if err := create(s, v, p.Driver); err != nil {
			return names, err
		}
		if unknown != nil {
			names = append(names, v.Name)
		}
		made, err := s.Find(v.Name)
		if err != nil {
			return names, err
		}
		p.Name, p.Source, p.Options, p.Labels = v.Name, s.Data(v.Name), made.Options, nil
	}
	return names, nil
}
