// Package connect gives a container its places in networks, and takes them back.
//
// The problem: a container may be on several networks, and come to one, or leave it, while it runs. Who is on a network,
// and at which address, is in the network's file; the container has a cable to each, and one of them leads to the rest of the world.
//
// The mechanism: first the container is written to the file, and so the address is its own; then a cable is plugged in. Undone
// is the other way round. Whoever dies in between leaves an entry of a container that does not live, and the next one
// who changes the network takes that away, with the cable.
//
//	connect.go   places in files
//	plug.go      cables, routes and ports
//	running.go   a container that comes and goes while it runs
//	sweep.go     places of the dead
//
// In a shell: ip link add veth1 master br-0123456789ab type veth peer name eth1 netns $pid; …
//
// To read: docker-network-connect(1); stage 6's network and lease.
package connect

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"drydock/final/networks"
	"drydock/final/networks/bridge"
	"drydock/final/networks/endpoint"
	"drydock/internal/record"
	"drydock/stage6-network/flow"
	"drydock/stage6-network/network"
	"drydock/stage6-network/port"
	"drydock/stage6-network/rules"
)

// A Host is where networks and containers are.
type Host struct {
	Root  string
	Alive func(id string) bool // whether a container runs, or is about to
	Note  func(text string)    // called with what the user should know

	// What the administrator has settled for the default network.
	Address netip.Prefix // the host's own in it, and how long its subnet is
	Silent  bool         // its containers do not reach each other
}

// A Container is who is connected.
type Container struct {
	ID, Name, Hostname string
	Ports              []port.Mapping // that are published, wherever it is: see package publish
}

// A Place is a container's in a network.
type Place struct {
	Network  networks.Network
	Endpoint networks.Endpoint
}

// Reserve gives a container that is about to start its places in the networks that it wishes to be on: eth0 is in the first by
// name, where Docker has no order. Nothing is plugged in yet. If there is an error, it has none. What it has is from another time,
// when it was killed with its owner, and is taken back first.
func (h Host) Reserve(c Container, wishes []endpoint.Wish) (places []Place, err error) {
	if wishes, err = h.resolve(wishes); err != nil {
		return nil, err
	}
	left, err := h.Places(c.ID)
	for _, place := range left {
		err = errors.Join(err, h.Release(place.Network.Name, c.ID))
	}
	if err != nil {
		return nil, err
	}
	for i, wish := range wishes {
		place, err := h.reserve(c, wish, fmt.Sprintf("eth%d", i))
		if err != nil {
			for _, taken := range places {
				err = errors.Join(err, h.Release(taken.Network.Name, c.ID))
			}
			return nil, err
		}
		places = append(places, place)
	}
	return places, nil
}

// resolve puts the networks' names for what the user has called them, and sorts the wishes by these.
func (h Host) resolve(wishes []endpoint.Wish) ([]endpoint.Wish, error) {
	wishes = slices.Clone(wishes)
	for i := range wishes {
		n, err := networks.Find(h.Root, wishes[i].Network)
		if err != nil {
			return nil, err
		}
		switch n.Name {
		case networks.Host:
			return nil, errors.New("cannot connect container to host network - container must be created in host network mode: run it with --network host")
		case networks.None:
			return nil, errors.New("container cannot be connected to multiple networks with one of the networks in private (none) mode: use another network")
		}
		wishes[i].Network = n.Name
	}
	slices.SortFunc(wishes, func(a, b endpoint.Wish) int { return strings.Compare(a.Network, b.Network) })
	return wishes, nil
}

// reserve takes a place in one network, for which the container's end of the cable is called link.
func (h Host) reserve(c Container, wish endpoint.Wish, link string) (place Place, err error) {
	if err := h.provide(wish.Network); err != nil {
		return place, err
	}
	err = networks.Change(h.Root, wish.Network, func(n *networks.Network) error {
		if err := h.glance(n, c.ID); err != nil {
			return err
		}
		if _, isThere := n.Endpoints[c.ID]; isThere {
			return fmt.Errorf("endpoint with name %s already exists in network %s: disconnect it first", c.Name, n.Name)
		}
		e, err := newEndpoint(n, c, wish)
		if err != nil {
			return err
		}
		e.Link = link
		n.Endpoints[c.ID] = e
		place = Place{*n, e}
		return nil
	})
	return place, err
}

// newEndpoint chooses addresses, and leases them.
func newEndpoint(n *networks.Network, c Container, wish endpoint.Wish) (e networks.Endpoint, err error) {
	e = networks.Endpoint{ID: record.NewID(), Name: c.Name, Hostname: c.Hostname, Aliases: wish.Aliases, Hardware: wish.Hardware, Priority: wish.Priority}
	e.Cable = cable(*n, c.ID)
	if wish.Address6.IsValid() && !n.Subnet6.IsValid() {
		return e, fmt.Errorf("invalid endpoint settings: no configured subnet contains IP address %s: network %s has no IPv6", wish.Address6, n.Name)
	}
	if e.Address, err = n.Take(c.ID, wish.Address); err != nil {
		return e, err
	}
	if n.Subnet6.IsValid() {
		if e.Address6, err = n.Take6(c.ID, wish.Address6); err != nil {
			return e, err
		}
	}
	// They may have been another's, who was killed.
	if err := errors.Join(rules.Vacate(e.Address), flow.Vacate(e.Address)); err != nil {
		return e, err
	}
	if e.Address6.IsValid() {
		if err := flow.Vacate(e.Address6); err != nil {
			return e, err
		}
	}
	if e.Hardware == "" {
		four := e.Address.As4()
		e.Hardware = net.HardwareAddr(append([]byte{0x02, 0x42}, four[:]...)).String()
	}
	return e, nil
}

// cable is the name of the host's end: it follows from both ids, and has as many letters as a link's may (IFNAMSIZ). That to the
// default network is stage 6's.
func cable(n networks.Network, id string) string {
	if n.Name == networks.Bridge {
		return network.Cable(id)
	}
	sum := sha256.Sum256([]byte(n.ID + id))
	return "veth" + hex.EncodeToString(sum[:])[:11]
}

// provide has a network's bridge be there.
func (h Host) provide(name string) error {
	if name == networks.Bridge {
		return networks.Change(h.Root, name, func(n *networks.Network) error {
			if h.Address.IsValid() && h.Address.Addr() != n.Gateway { // addresses of the dead need not keep it
				if err := h.sweep(n, ""); err != nil {
					return err
				}
			}
			n.Options = nil
			if h.Silent {
				n.Options = map[string]string{networks.OptionICC: "false"}
			}
			return bridge.Default(h.Root, n, h.Address, h.Note)
		})
	}
	return networks.Exclusive(h.Root, func() error {
		n, err := networks.Read(h.Root, name)
		if err != nil {
			return err
		}
		return bridge.Up(h.Root, n, h.Note)
	})
}

// Release takes back a container's place in a network, and all that belongs to it: its published ports, its links and those to
// it, its cable, and then its addresses. If it has none, or there is no such network, that is fine.
func (h Host) Release(name, id string) error {
	err := networks.Change(h.Root, name, func(n *networks.Network) error {
		return errors.Join(rules.Withdraw(id), release(n, id))
	})
	if errors.As(err, new(networks.NotFound)) {
		return nil
	}
	return err
}

// release does so with all but the ports, which are published by another place if there is one: see settle.
func release(n *networks.Network, id string) error {
	if e, known := n.Endpoints[id]; known {
		if err := rules.Vacate(e.Address); err != nil {
			return err
		}
	}
	if err := network.Unplug(cable(*n, id)); err != nil {
		return err
	}
	n.Free(id)
	delete(n.Endpoints, id)
	return nil
}

// Places returns the places of a container as they are now, by the networks' names.
func (h Host) Places(id string) (places []Place, err error) {
	all, err := networks.List(h.Root)
	for _, n := range all {
		if e, isThere := n.Endpoints[id]; isThere {
			places = append(places, Place{n, e})
		}
	}
	return places, err
}
