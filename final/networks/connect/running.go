package connect

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"drydock/final/networks"
	"drydock/final/networks/endpoint"
)

// Join connects a container that runs, and is told by its network namespace, to one more network.
func (h Host) Join(namespace *os.File, c Container, wish endpoint.Wish) (place Place, err error) {
	before, err := h.Places(c.ID)
	if err != nil {
		return place, err
	}
	resolved, err := h.resolve([]endpoint.Wish{wish})
	if err != nil {
		return place, err
	}
	if place, err = h.reserve(c, resolved[0], freeLink(before)); err != nil {
		return place, err
	}
	if err = plug(namespace, place); err == nil {
		err = settle(namespace, c, append(before, place))
	}
	if err != nil {
		return place, errors.Join(err, h.leave(namespace, c, place.Network.Name))
	}
	return place, nil
}

// freeLink is the first name that none of a container's ends has.
func freeLink(places []Place) string {
	for i := 0; ; i++ {
		name := fmt.Sprintf("eth%d", i)
		if !slices.ContainsFunc(places, func(p Place) bool { return p.Endpoint.Link == name }) {
			return name
		}
	}
}

// Leave disconnects a container that runs from a network.
func (h Host) Leave(namespace *os.File, c Container, ref string) error {
	n, err := networks.Find(h.Root, ref)
	if err != nil {
		return err
	}
	if _, isThere := n.Endpoints[c.ID]; !isThere {
		return fmt.Errorf("container %s is not connected to network %s: drydock inspect says which it is on", c.ID, n.Name)
	}
	return h.leave(namespace, c, n.Name)
}

func (h Host) leave(namespace *os.File, c Container, name string) error {
	if err := networks.Change(h.Root, name, func(n *networks.Network) error { return release(n, c.ID) }); err != nil {
		return err
	}
	left, err := h.Places(c.ID)
	if err != nil {
		return err
	}
	return settle(namespace, c, left)
}
