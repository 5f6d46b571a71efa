// Package remove removes networks: by name, or all that nobody uses.
//
// The problem: a bridge that goes takes the cables of those that are plugged in with it. So a network with containers stays.
//
// The mechanism: while nobody can be connected (the network's file is locked), its leases say who is. Then what the kernel
// has of it goes, and the file at last: whoever is killed in between leaves a network that can be removed again.
//
// In a shell: ip link del br-0123456789ab; rm networks/mynet.
//
// To read: docker-network-rm(1), docker-network-prune(1).
package remove

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"drydock/final/filter"
	"drydock/final/networks"
	"drydock/final/networks/bridge"
)

// PruneFilters are the filters that Prune knows.
var PruneFilters = []string{"until", "label", "label!"}

// Network removes the network that ref means. What the dead have of it, connect.Host.Sweep takes back before. With force, it is fine if there is none; it tells whether there was one.
func Network(root, ref string, force bool) (isRemoved bool, err error) {
	n, err := networks.Find(root, ref)
	if force && errors.As(err, new(networks.NotFound)) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	if networks.IsPredefined(n.Name) {
		return false, fmt.Errorf("%s is a pre-defined network and cannot be removed: use it, or leave it alone", n.Name)
	}
	err = remove(root, n.Name)
	return err == nil, err
}

func remove(root, name string) error {
	return networks.Exclusive(root, func() error {
		return networks.Remove(root, name, func(n networks.Network) error {
			if len(n.Leases) > 0 {
				return inUse(n)
			}
			return bridge.Down(root, n)
		})
	})
}

// errInUse is the error for a network that containers are on.
type errInUse struct{ name, containers string }

func (e errInUse) Error() string {
	return fmt.Sprintf("error while removing network: network %s has active endpoints (%s): disconnect or stop them first", e.name, e.containers)
}

func inUse(n networks.Network) error {
	var users []string
	for _, id := range slices.Compact(slices.Sorted(maps.Values(n.Leases))) {
		users = append(users, fmt.Sprintf("name:%q id:%q", n.Endpoints[id].Name, id[:min(12, len(id))]))
	}
	return errInUse{n.Name, strings.Join(users, ", ")}
}

// Prune removes the networks of users that no container is on and that the filters want, and returns their names.
// wanted tells whether a container that does not run is to be on a network when it is started: then that stays.
func Prune(root string, filters filter.Set, now time.Time, wanted func(name string) bool) (removed []string, err error) {
	if _, err := filters.Prunes(nil, nil, now); err != nil { // also if there are no networks
		return nil, err
	}
	all, err := networks.List(root)
	if err != nil {
		return nil, err
	}
	var damaged error
	for _, n := range all {
		if n.Damaged != nil {
			damaged = errors.Join(damaged, n.Damaged)
			continue
		}
		prunes, err := filters.Prunes(n.Labels, &n.Created, now)
		if err != nil {
			return removed, err
		}
		if !prunes || networks.IsPredefined(n.Name) || len(n.Leases) > 0 || wanted(n.Name) {
			continue
		}
		err = remove(root, n.Name)
		switch {
		case errors.As(err, new(errInUse)), errors.As(err, new(networks.NotFound)): // just now
		case err != nil:
			return removed, err
		default:
			removed = append(removed, n.Name)
		}
	}
	return removed, damaged
}
