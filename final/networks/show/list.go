// Package show tells what is known of networks, as Docker shows it.
//
// The problem: people want a line of each network, programs want JSON, and both know Docker's columns and fields.
//
//	list.go       docker network ls: a row for each
//	inspect.go    docker network inspect: JSON
//
// Rows and objects are made here, and written by package format.
//
// In a shell: jq -r .more.id networks/*.
//
// To read: docker-network-ls(1), docker-network-inspect(1).
package show

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/networks"
)

// A Row is a line of docker network ls. The order of the fields is that of Docker's JSON.
type Row struct {
	CreatedAt, Driver, ID, IPv4, IPv6, Internal, Labels, Name, Scope string

	ByKey map[string]string `json:"-"` // the labels, for Label
}

// Label is the value of one of the labels, for templates.
func (r Row) Label(key string) string { return r.ByKey[key] }

// RowHeader is what stands above a list of networks.
var RowHeader = format.Header{
	"CreatedAt": "CREATED AT", "Driver": "DRIVER", "ID": "NETWORK ID", "IPv4": "IPV4", "IPv6": "IPV6",
	"Internal": "INTERNAL", "Labels": "LABELS", "Name": "NAME", "Scope": "SCOPE",
}

// Columns are what docker network ls shows if nothing else is wanted.
const Columns = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"

// Filters are the filters that List knows.
var Filters = []string{"dangling", "driver", "id", "label", "name", "scope", "type"}

// scope is how far a network reaches: this host.
const scope = "local"

// List returns the rows of the networks that the filters want, with whole ids or short ones.
func List(root string, filters filter.Set, whole bool) (rows []Row, err error) {
	all, err := networks.List(root)
	if err != nil {
		return nil, err
	}
	if err := check(filters); err != nil {
		return nil, err
	}
	dangling, err := filters.Bool("dangling", false)
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		unused := len(n.Leases) == 0 && !networks.IsPredefined(n.Name) && n.Damaged == nil
		if matches(n, filters) && (!filters.Has("dangling") || unused == dangling) {
			rows = append(rows, row(n, whole))
		}
	}
	return rows, nil
}

// check refuses a value that no network has.
func check(filters filter.Set) error {
	for _, value := range filters["type"] {
		if value != "builtin" && value != "custom" {
			return fmt.Errorf("invalid value for filter 'type': must be 'builtin' or 'custom'")
		}
	}
	for _, name := range []string{"name", "id"} {
		for _, pattern := range filters[name] {
			if _, err := regexp.Compile(pattern); err != nil {
				return fmt.Errorf("invalid value for filter '%s': %w", name, err)
			}
		}
	}
	return nil
}

// matches tells whether a network is as filters want it: of several with one name, one is enough.
func matches(n networks.Network, filters filter.Set) bool {
	one := func(name string, fits func(value string) bool) bool {
		return !filters.Has(name) || slices.ContainsFunc(filters[name], fits)
	}
	like := func(text string) func(string) bool {
		return func(pattern string) bool {
			matches, err := regexp.MatchString(pattern, text)
			return matches && err == nil // check has compiled it
		}
	}
	is := func(text string) func(string) bool { return func(value string) bool { return value == text } }
	kind := "custom"
	if networks.IsPredefined(n.Name) {
		kind = "builtin"
	}
	return one("name", like(n.Name)) && one("id", like(n.ID)) && one("driver", is(n.Driver())) &&
		one("scope", is(scope)) && one("type", is(kind)) && filters.Labels("label", n.Labels)
}

// row is that of a network. One whose file is damaged is known by its name only.
func row(n networks.Network, whole bool) Row {
	if n.Damaged != nil {
		return Row{ID: n.Name, Driver: "damaged", Name: n.Name, Scope: scope}
	}
	var labels []string
	for _, key := range slices.Sorted(maps.Keys(n.Labels)) {
		labels = append(labels, key+"="+n.Labels[key])
	}
	id := n.ID
	if !whole {
		id = id[:12]
	}
	return Row{
		CreatedAt: n.Created.String(), Driver: n.Driver(), ID: id, Name: n.Name, Scope: scope,
		IPv4: "true", IPv6: strconv.FormatBool(n.Subnet6.IsValid()), Internal: strconv.FormatBool(n.Internal),
		Labels: strings.Join(labels, ","), ByKey: n.Labels,
	}
}
