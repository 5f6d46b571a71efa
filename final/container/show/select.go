package show

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"

	"drydock/final/filter"
	"drydock/final/networks"
	"drydock/final/networks/publish"
	"drydock/internal/record"
)

// Filters are the filters that Select knows.
var Filters = []string{
	"ancestor", "before", "exited", "expose", "health", "id", "is-task", "label", "name", "network", "publish", "since", "status", "volume",
}

// Select returns the containers that are wanted, of all that there are, the newest first.
func (l Listing) Select(all []Container) (wanted []Container, err error) {
	conditions, err := l.conditions(all)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		holds := func(condition condition) bool { return condition(c) }
		if slices.ContainsFunc(conditions, func(condition condition) bool { return !holds(condition) }) {
			continue
		}
		if wanted = append(wanted, c); len(wanted) == l.Last {
			break
		}
	}
	return wanted, nil
}

// A condition is what holds for a container that is wanted.
type condition func(Container) bool

// conditions are all that must hold.
func (l Listing) conditions(all []Container) (conditions []condition, err error) {
	add := func(c condition) { conditions = append(conditions, c) }
	if !l.All && l.Last < 1 && !l.Filters.Has("status") {
		add(Container.IsUp)
	}
	add(func(c Container) bool { return matches(l.Filters, "id", c.ID) })
	if l.Filters.Has("name") {
		add(func(c Container) bool {
			return slices.ContainsFunc(names(c, all), func(name string) bool {
				return matches(l.Filters, "name", name) || matches(l.Filters, "name", "/"+name)
			})
		})
	}
	add(func(c Container) bool { return l.Filters.Labels("label", c.Config.Labels) })
	add(func(c Container) bool { return matches(l.Filters, "status", c.Status) })
	add(func(c Container) bool { return matches(l.Filters, "health", healthOf(c)) })
	for name, build := range map[string]func([]Container) (condition, error){
		"ancestor": l.ofAncestors, "before": l.before, "since": l.since, "exited": l.exited, "volume": l.withVolume, "network": l.onNetwork,
		"publish": l.published, "expose": l.exposed, "is-task": l.isTask,
	} {
		if !l.Filters.Has(name) {
			continue
		}
		c, err := build(all)
		if err != nil {
			return nil, err
		}
		add(c)
	}
	return conditions, l.check()
}

// check refuses values that no container has.
func (l Listing) check() error {
	for _, value := range l.Filters["status"] {
		if !slices.Contains([]string{"created", "running", "paused", "restarting", "removing", "exited", "dead"}, value) {
			return fmt.Errorf("invalid filter 'status=%s': invalid value for state (%s): must be one of created, running, paused, restarting, removing, exited, dead", value, value)
		}
	}
	for _, value := range l.Filters["health"] {
		if !slices.Contains([]string{"none", "starting", "healthy", "unhealthy"}, value) {
			return fmt.Errorf("invalid filter 'health=%s': invalid value for health (%s): must be one of none, starting, healthy, unhealthy", value, value)
		}
	}
	return nil
}

// matches tells whether a text is, or has in it, what one of the values of a filter says, if it is given.
func matches(filters filter.Set, name, text string) bool {
	return !filters.Has(name) || slices.ContainsFunc(filters[name], func(pattern string) bool {
		expression, err := regexp.Compile(pattern)
		return pattern == text || err == nil && expression.MatchString(text)
	})
}

func healthOf(c Container) string {
	if c.Life.Health == nil || !c.IsUp() {
		return "none"
	}
	return c.Life.Health.Status
}

// ofAncestors is for containers of an image, or of one that was made of it: its layers are the lowest.
func (l Listing) ofAncestors([]Container) (condition, error) {
	isMeant := map[string]bool{}
	for _, ref := range l.Filters["ancestor"] {
		ancestor, err := l.Images.Find(ref, nil)
		if err != nil {
			continue // of what is not there, there is no container
		}
		layers := ancestor.Config.RootFS.DiffIDs
		for _, img := range l.Images {
			if own := img.Config.RootFS.DiffIDs; len(own) >= len(layers) && slices.Equal[[]digest.Digest](own[:len(layers)], layers) {
				isMeant[img.ID().String()] = true
			}
		}
	}
	return func(c Container) bool { return isMeant[c.Config.ImageID] }, nil
}

// before and since are for containers that are older or younger than one.
func (l Listing) before(all []Container) (condition, error) {
	than, err := find(all, l.Filters["before"])
	return func(c Container) bool { return c.Created.Before(than.Created) }, err
}

func (l Listing) since(all []Container) (condition, error) {
	than, err := find(all, l.Filters["since"])
	return func(c Container) bool { return c.Created.After(than.Created) }, err
}

// find finds the last of those that are named.
func find(all []Container, refs []string) (record.Record, error) {
	records := make([]record.Record, len(all))
	for i, c := range all {
		records[i] = c.Record
	}
	r, err := record.Among(records, refs[len(refs)-1])
	if errors.As(err, new(record.NotFound)) {
		err = fmt.Errorf("No such container: %s", refs[len(refs)-1]) //nolint:staticcheck // Docker's words
	}
	return r, err
}

func (l Listing) exited([]Container) (condition, error) {
	var codes []int
	for _, value := range l.Filters["exited"] {
		code, err := strconv.Atoi(value)
		if err != nil {
			return nil, fmt.Errorf("invalid filter 'exited=%s': %w", value, err)
		}
		codes = append(codes, code)
	}
	return func(c Container) bool { return c.Status == "exited" && slices.Contains(codes, c.ExitCode) }, nil
}

// withVolume is for containers that have a volume, or something at a place.
func (l Listing) withVolume([]Container) (condition, error) {
	return func(c Container) bool {
		for _, p := range c.Points {
			for _, value := range l.Filters["volume"] {
				if value == p.Name && value != "" || value == p.Target || p.Name == "" && value == p.Source {
					return true
				}
			}
		}
		return false
	}, nil
}

func (l Listing) onNetwork([]Container) (condition, error) {
	isMeant := func(name string) bool {
		i := slices.IndexFunc(l.Networks, func(n networks.Network) bool { return n.Name == name })
		return slices.ContainsFunc(l.Filters["network"], func(value string) bool {
			return value == name || i >= 0 && strings.HasPrefix(l.Networks[i].ID, value)
		})
	}
	return func(c Container) bool { return slices.ContainsFunc(l.networks(c), isMeant) }, nil
}

// published and exposed are for containers that have one of the ports.
func (l Listing) published([]Container) (condition, error) {
	return l.ports("publish", func(p Port) uint16 { return p.Public })
}

func (l Listing) exposed([]Container) (condition, error) {
	return l.ports("expose", func(p Port) uint16 { return p.Private })
}

func (l Listing) ports(name string, number func(Port) uint16) (condition, error) {
	meant, err := publish.Values{Expose: l.Filters[name]}.Exposed(nil)
	if err != nil {
		return nil, fmt.Errorf("invalid filter '%s': %w", name, err)
	}
	return func(c Container) bool {
		return slices.ContainsFunc(PortsOf(c), func(p Port) bool {
			return slices.ContainsFunc(meant, func(r publish.Request) bool { return number(p) == r.Container && p.Type == r.Protocol })
		})
	}, nil
}

// isTask is for containers that a swarm has made: there are none.
func (l Listing) isTask([]Container) (condition, error) {
	wants, err := l.Filters.Bool("is-task", false)
	return func(Container) bool { return !wants }, err
}
