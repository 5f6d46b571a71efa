package point

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"drydock/final/mounts"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// A set is the mounts of a container, by place, while it is put together.
type set struct {
	points map[string]Point
	given  map[string]bool // places that -v or --mount has named
	tmpfs  map[string]string
}

// Points puts together what a container has: what it inherits from others, what its command line
// says, and a volume for each place that its image declares. Where two are for one place, the
// command line's is taken, and the image's comes last; two of the command line contradict each
// other. The result is in the order in which they can be mounted: what lies below another comes
// after it.
func Points(inherited []Point, g mounts.Given, declared []string) ([]Point, error) {
	s := set{points: map[string]Point{}, given: map[string]bool{}, tmpfs: g.Tmpfs}
	if err := check(g); err != nil { // Docker looks at all before it merges any
		return nil, err
	}
	for _, p := range inherited {
		s.points[p.Target] = p
	}
	if err := s.addGiven(g); err != nil {
		return nil, err
	}
	if err := s.addAnonymous(g, declared); err != nil {
		return nil, err
	}
	points := slices.Collect(maps.Values(s.points))
	for target, options := range g.Tmpfs {
		points = append(points, Point{Type: mounts.Tmpfs, Tmpfs: options, Flag: true, Mount: volume.Mount{Mount: bind.Mount{Target: path.Clean(target)}}})
	}
	// By depth, as Docker: a link may lead to another mount, which is there before what lies below it.
	slices.SortFunc(points, func(a, b Point) int {
		return cmp.Or(strings.Count(a.Target, "/")-strings.Count(b.Target, "/"), strings.Compare(a.Target, b.Target))
	})
	return points, nil
}

// check refuses what cannot be mounted, and two of --tmpfs for one place: which one Docker mounts
// on the other is by chance.
func check(g mounts.Given) error {
	taken := map[string]bool{}
	for target := range g.Tmpfs {
		if err := mounts.CheckTarget(target); err != nil {
			return err
		}
		place := path.Clean(target)
		if taken[place] {
			return duplicate(place)
		}
		taken[place] = true
	}
	for _, m := range g.Mounts {
		if err := m.Check(); err != nil {
			return err
		}
	}
	return nil
}

// addGiven adds what -v with a source says, and --mount. Only the first of the two minds a --tmpfs
// at the same place; as in Docker, the tmpfs is what is mounted then.
func (s *set) addGiven(g mounts.Given) error {
	for _, spec := range g.Binds {
		p, err := fromVolume(spec, g.VolumeDriver)
		if err != nil {
			return err
		}
		if _, taken := s.tmpfs[p.Target]; taken {
			return duplicate(p.Target)
		}
		if err := s.add(p); err != nil {
			return err
		}
	}
	for _, m := range g.Mounts {
		p, err := fromMount(m)
		if err != nil {
			return err
		}
		if err := s.add(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *set) add(p Point) error {
	if s.given[p.Target] {
		return duplicate(p.Target)
	}
	s.given[p.Target], s.points[p.Target] = true, p
	return nil
}

func duplicate(target string) error {
	return fmt.Errorf("Duplicate mount point: %s: give another place to one of the two", target) //nolint:staticcheck // Docker's words
}

// addAnonymous adds the volumes that nobody has given a name: those of -v without a source, and those
// that the image declares, for which there is nothing but a place, whatever is in its name.
func (s *set) addAnonymous(g mounts.Given, declared []string) error {
	for _, spec := range g.Places {
		m, err := volume.Parse(spec)
		if err != nil {
			return err
		}
		s.addPlace(m.Target, g.VolumeDriver)
	}
	for _, place := range declared {
		place = path.Join("/", place)
		if err := mounts.CheckTarget(place); err != nil {
			return fmt.Errorf("the image declares a volume: %w", err)
		}
		s.addPlace(place, g.VolumeDriver)
	}
	return nil
}

// addPlace adds an anonymous volume, unless there is something at its place.
func (s *set) addPlace(place, driver string) {
	_, taken := s.points[place]
	if _, isTmpfs := s.tmpfs[place]; !taken && !isTmpfs {
		m := volume.Mount{Mount: bind.Mount{Target: place}, Anonymous: true, Fill: true}
		s.points[place] = Point{Mount: m, Type: mounts.Volume, Driver: cmp.Or(driver, "local")}
	}
}

// Inherit reads one argument of --volumes-from, and makes another container's mounts, which of
// returns, one's own. What it has by --tmpfs it keeps for itself.
func Inherit(spec string, of func(container string) ([]Point, error)) (own []Point, err error) {
	container, mode, _ := strings.Cut(spec, ":")
	if container == "" {
		return nil, fmt.Errorf("volumes-from specification cannot be an empty string: give CONTAINER[:ro]")
	}
	modes, err := mounts.ParseModes(cmp.Or(mode, "rw"))
	if err != nil || modes.NoCopy || modes.Propagation != "" {
		return nil, fmt.Errorf("invalid mode: %s: give ro or rw", mode)
	}
	points, err := of(container)
	for _, p := range points {
		if !p.Flag {
			p.Fill, p.ReadOnly, p.Mode = false, p.ReadOnly || modes.ReadOnly, ""
			own = append(own, p)
		}
	}
	return own, err
}
