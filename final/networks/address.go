package networks

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// Take leases an IPv4 address to the container id: the one that is wanted, or the lowest that is free.
func (n *Network) Take(id string, wanted netip.Addr) (netip.Addr, error) {
	if wanted.IsValid() {
		return wanted, n.take(id, n.Subnet, wanted)
	}
	from := n.Subnet
	if n.Range.IsValid() {
		from = n.Range
	}
	for address := from.Addr(); from.Contains(address); address = address.Next() {
		if n.isFree(n.Subnet, address) {
			n.Leases[address] = id
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no available IPv4 addresses on this network's address pools: %s (%s): %s has %d containers: disconnect one, or make a network with a larger subnet",
		n.Name, n.ID, from, len(n.Endpoints))
}

// Take6 does so with an IPv6 address. There are so many that nobody has to remember which are free: one follows from the
// container's id, and the next one is tried if that is somebody else's.
func (n *Network) Take6(id string, wanted netip.Addr) (netip.Addr, error) {
	if wanted.IsValid() {
		return wanted, n.take(id, n.Subnet6, wanted)
	}
	sum := sha256.Sum256([]byte(id))
	bytes := n.Subnet6.Masked().Addr().As16()
	for bit := n.Subnet6.Bits(); bit < 128; bit++ {
		mask := byte(1) << (7 - bit%8)
		bytes[bit/8] |= sum[bit/8] & mask
	}
	for address := range around(n.Subnet6, netip.AddrFrom16(bytes)) {
		if n.isFree(n.Subnet6, address) {
			n.Leases[address] = id
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no available IPv6 addresses on this network's address pools: %s: disconnect a container, or make a network with a larger subnet", n.Subnet6)
}

// around are the addresses of a subnet, from one on, and then those before it.
func around(subnet netip.Prefix, first netip.Addr) func(yield func(netip.Addr) bool) {
	return func(yield func(netip.Addr) bool) {
		for address := first; subnet.Contains(address); address = address.Next() {
			if !yield(address) {
				return
			}
		}
		for address := subnet.Addr(); address != first; address = address.Next() {
			if !yield(address) {
				return
			}
		}
	}
}

func (n *Network) take(id string, subnet netip.Prefix, wanted netip.Addr) error {
	if !subnet.IsValid() || !subnet.Contains(wanted) {
		return fmt.Errorf("invalid endpoint settings: no configured subnet contains IP address %s: %s has %s", wanted, n.Name, n.Subnet)
	}
	if !n.isFree(subnet, wanted) {
		return fmt.Errorf("Address already in use: %s: choose another of network %s", wanted, n.Name) //nolint:staticcheck // Docker's words
	}
	n.Leases[wanted] = id
	return nil
}

// isFree tells whether a container may have an address of a subnet of the network's.
func (n *Network) isFree(subnet netip.Prefix, address netip.Addr) bool {
	_, taken := n.Leases[address]
	isEnd := address == subnet.Masked().Addr() || address.Is4() && !subnet.Contains(address.Next()) // all of it listen to the last one
	return !taken && !isEnd && address != n.Gateway && address != n.Gateway6 &&
		!slices.Contains(slices.Collect(maps.Values(n.Reserved)), address)
}
