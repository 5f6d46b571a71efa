package endpoint

import (
	"errors"
	"fmt"
	"slices"

	"drydock/final/networks"
)

// Connect adds a network to those that a container is to be on when it is started, or is on: or says why that cannot be. The
// network's own name is in the wish.
func Connect(wishes []Wish, container string, w Wish) ([]Wish, error) {
	switch {
	case w.Network == networks.Host:
		return nil, errors.New("cannot connect container to host network - container must be created in host network mode: run it with --network host")
	case slices.ContainsFunc(wishes, func(other Wish) bool { return other.Plain() && other.Network != networks.None }):
		return nil, errors.New("container sharing network namespace with another container or host cannot be connected to any other network: run it without --network " + wishes[0].Network)
	case len(wishes) > 0 && (w.Network == networks.None || wishes[0].Network == networks.None):
		return nil, errors.New("container cannot be connected to multiple networks with one of the networks in private (none) mode: disconnect the one first")
	case has(wishes, w.Network):
		return nil, fmt.Errorf("endpoint with name %s already exists in network %s: disconnect it first", container, w.Network)
	}
	if err := w.check(false); err != nil {
		return nil, err
	}
	return append(slices.Clone(wishes), w), nil
}

// Disconnect takes a network away from them.
func Disconnect(wishes []Wish, container, network string) ([]Wish, error) {
	switch {
	case network == networks.Host && has(wishes, network):
		return nil, errors.New("cannot disconnect container from host network - container was created in host network mode: remove it")
	case !has(wishes, network):
		return nil, fmt.Errorf("container %s is not connected to network %s: drydock inspect says which it is on", container, network)
	}
	return slices.DeleteFunc(slices.Clone(wishes), func(w Wish) bool { return w.Network == network }), nil
}

func has(wishes []Wish, network string) bool {
	return slices.ContainsFunc(wishes, func(w Wish) bool { return w.Network == network })
}
