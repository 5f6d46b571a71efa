package volumes

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// A Row is a line of docker volume ls. The order of the fields is that of Docker's JSON.
type Row struct {
	Availability, Driver, Group, Labels, Links, Mountpoint, Name, Scope, Size, Status string

	ByKey map[string]string `json:"-"` // the labels, for Label
}

// Label is what {{.Label "key"}} shows.
func (r Row) Label(key string) string { return r.ByKey[key] }

// Header is what stands above a list of volumes.
var Header = format.Header{
	"Availability": "AVAILABILITY", "Driver": "DRIVER", "Group": "GROUP", "Labels": "LABELS", "Links": "LINKS",
	"Mountpoint": "MOUNTPOINT", "Name": "VOLUME NAME", "Scope": "SCOPE", "Size": "SIZE", "Status": "STATUS",
}

// Format is how rows are written: as text says, which a user has given.
func Format(text string, quiet bool) (format.List, error) {
	if quiet && (text == "" || text == "table") {
		text = "{{.Name}}"
	}
	return format.Parse(text, "table {{.Driver}}\t{{.Name}}", false)
}

// ListFilters are the filters that List knows.
var ListFilters = []string{"dangling", "driver", "label", "name"}

// List returns the rows of the volumes that filters want, by name. containers are those that may
// have them. Volumes that cannot be read are in the error.
func List(s *volume.Store, containers []record.Record, filters filter.Set) (rows []Row, err error) {
	dangling, err := filters.Bool("dangling", false)
	if err != nil {
		return nil, err
	}
	used, err := usedBy(containers)
	if err != nil {
		return nil, err
	}
	all, damaged := s.List()
	for _, v := range all {
		switch {
		case filters.Has("dangling") && used[v.Name] == dangling,
			filters.Has("driver") && !slices.Contains(filters["driver"], "local"),
			filters.Has("name") && !matches(filters["name"], v.Name),
			!filters.Labels("label", labels(v)):
			continue
		}
		rows = append(rows, rowOf(s, v))
	}
	return rows, damaged
}

// usedBy are the names of the volumes that containers have.
func usedBy(containers []record.Record) (map[string]bool, error) {
	used := map[string]bool{}
	for _, r := range containers {
		mounts, err := volume.Of(r)
		if err != nil {
			return nil, err
		}
		for _, m := range mounts {
			used[m.Name] = true
		}
	}
	return used, nil
}

// matches tells whether a name is one of the patterns, or has something in it that one matches.
// As in Docker, what is no pattern matches nothing else.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		expression, err := regexp.Compile(pattern)
		return pattern == name || err == nil && expression.MatchString(name)
	})
}

const anonymousLabel = "com.docker.volume.anonymous"

// labels are those of a volume, and the one by which Docker knows that nobody has given it a name.
func labels(v volume.Volume) map[string]string {
	if !v.Anonymous {
		return v.Labels
	}
	all := map[string]string{anonymousLabel: ""}
	maps.Copy(all, v.Labels)
	return all
}

func rowOf(s *volume.Store, v volume.Volume) Row {
	const unknown = "N/A"
	r := Row{
		Availability: unknown, Driver: "local", Group: unknown, Links: unknown, Mountpoint: s.Data(v.Name), Name: v.Name,
		Scope: "local", Size: unknown, Status: unknown, ByKey: labels(v),
	}
	var pairs []string
	for key, value := range r.ByKey {
		pairs = append(pairs, key+"="+value)
	}
	slices.Sort(pairs)
	r.Labels = strings.Join(pairs, ",")
	return r
}
