// Package create makes networks.
//
// The problem: a network's subnet must be nobody else's, on this host and on those that it reaches. And
// whatever is wrong with what the user wants, and whenever this is killed, nothing half-made may stay.
//
// The mechanism: all that can be refused is refused first. Then the network's file is written, in one step; and
// the bridge is made from that, as it would be after a boot. If it cannot be made, the file is removed.
//
// In a shell: drydock network create --subnet 10.1.0.0/24 --label project=x mynet.
//
// To read: docker-network-create(1); testdata/docker.json, which is what a real Docker says.
package create

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"drydock/final/networks"
	"drydock/final/networks/bridge"
	"drydock/internal/record"
	"drydock/stage6-network/network"
)

// Create makes a network and returns its id. note is called with what the user should know.
func Create(root, name string, v Values, note func(text string)) (id string, err error) {
	n, err := v.network(name, record.NewID())
	if err != nil {
		return "", err
	}
	n.Created = time.Now().UTC()
	err = networks.Exclusive(root, func() error {
		if err := place(root, &n); err != nil {
			return err
		}
		if err := networks.Add(root, n); err != nil {
			return err
		}
		if err := bridge.Up(root, n, note); err != nil {
			return errors.Join(err, networks.Remove(root, name, func(n networks.Network) error { return bridge.Down(root, n) }))
		}
		return nil
	})
	return n.ID, err
}

// place chooses the network's subnet if the user has not, and refuses what collides with other networks.
func place(root string, n *networks.Network) error {
	all, err := networks.List(root)
	if err != nil {
		return err
	}
	var taken []netip.Prefix
	for _, other := range all {
		if other.Name == n.Name {
			return fmt.Errorf("network with name %s already exists: choose another, or remove that one", n.Name)
		}
		if other.Bridge.Name == n.Bridge.Name {
			return fmt.Errorf("cannot create network %s (%s): conflicts with network %s (%s): networks have same bridge name: choose another", n.ID, n.Bridge.Name, other.ID, other.Bridge.Name)
		}
		taken = append(taken, other.Subnet, other.Subnet6)
	}
	if _, err := net.InterfaceByName(n.Bridge.Name); err == nil {
		return fmt.Errorf("the link %s is there already: choose another name for the bridge, or remove it: ip link del %s", n.Bridge.Name, n.Bridge.Name)
	}
	if !n.Subnet.IsValid() {
		return choose(taken, n)
	}
	return refuse(taken, n.Subnet, n.Subnet6)
}

// refuse refuses subnets that collide with others. A route of the host's is not asked about: the user knows.
func refuse(taken []netip.Prefix, subnets ...netip.Prefix) error {
	for _, subnet := range subnets {
		at := slices.IndexFunc(taken, func(other netip.Prefix) bool { return other.IsValid() && subnet.IsValid() && other.Overlaps(subnet) })
		if at >= 0 {
			return fmt.Errorf("invalid pool request: Pool overlaps with other one on this address space: %s with %s: give another --subnet", subnet, taken[at])
		}
	}
	return nil
}

// choose takes the first of Docker's subnets that is no other network's, and to which the host has no route.
func choose(taken []netip.Prefix, n *networks.Network) error {
	if err := refuse(taken, n.Subnet6); err != nil {
		return err
	}
	routes, err := network.Routes("")
	if err != nil {
		return err
	}
	for _, subnet := range network.Pools() {
		if refuse(append(taken, routes...), subnet) == nil {
			n.Subnet, n.Gateway = subnet, subnet.Addr().Next()
			return nil
		}
	}
	return errors.New("all predefined address pools have been fully subnetted: remove a network, or give --subnet")
}
