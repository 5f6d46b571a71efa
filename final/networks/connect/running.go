package connect

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"drydock/final/networks"
	"drydock/final/networks/endpoint"
)

// Join connects a container that runs, and is told by its network namespace, to one more network. Whoever calls this, or Leave,
// is the only one who does so with the container meanwhile.
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
		return place, errors.Join(err, h.leave(namespace, c, place.Network.Name, before))
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
	left, err := h.Places(c.ID)
	if err != nil {
		return err
	}
	return h.leave(namespace, c, n.Name, slices.DeleteFunc(left, func(p Place) bool { return p.Network.Name == n.Name }))
}

// leave takes a container's place back. First its way and its ports are those of the places that are left: so whoever is killed in
// between leaves a container that can be disconnected once more, and no port leads to an address that another one may get. What a
// container has made of its own links keeps it from no disconnecting.
func (h Host) leave(namespace *os.File, c Container, name string, left []Place) error {
	settled := settle(namespace, c, left)
	return errors.Join(settled, networks.Change(h.Root, name, func(n *networks.Network) error { return release(n, c.ID) }))
}
