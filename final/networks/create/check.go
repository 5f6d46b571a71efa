package create

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"

	"drydock/final/networks"
)

// network is what the flags say, or why that cannot be. It may have no subnet yet.
func (v Values) network(name, id string) (n networks.Network, err error) {
	if err := networks.CheckName(name); err != nil {
		return n, err
	}
	if err := checkDriver(v.Driver); err != nil {
		return n, err
	}
	options, err := networks.ParseOptions(v.Options)
	if err != nil {
		return n, err
	}
	n = networks.Network{Name: name, More: networks.More{ID: id, Labels: v.Labels, Options: v.Options, Internal: v.Internal, Reserved: v.Reserved}}
	n.Bridge.Name = cmp.Or(options.BridgeName, networks.BridgeName(id))
	if err := v.setSubnets(&n); err != nil {
		return n, err
	}
	if err := v.setGateways(&n); err != nil {
		return n, err
	}
	return n, v.setRanges(&n)
}

func checkDriver(driver string) error {
	switch driver {
	case "", "bridge":
		return nil
	case "host", "null":
		return fmt.Errorf("only one instance of %q network is allowed: leave --driver out", driver)
	}
	return fmt.Errorf("plugin %q not found: bridge is the only driver: leave --driver out", driver)
}

// setSubnets sets the one for IPv4 and the one for IPv6.
func (v Values) setSubnets(n *networks.Network) error {
	for _, subnet := range v.Subnets {
		if subnet != subnet.Masked() {
			return fmt.Errorf("invalid network config: invalid subnet %s: it should be %s", subnet, subnet.Masked())
		}
		own, largest := &n.Subnet, 30
		if subnet.Addr().Is6() {
			own, largest = &n.Subnet6, 126
		}
		switch {
		case own.IsValid():
			return errors.New("bridge driver doesn't support multiple subnets: give one, or one for each of IPv4 and IPv6")
		case subnet.Bits() > largest:
			return fmt.Errorf("the subnet %s has no room for a gateway and a container: /%d is the smallest", subnet, largest)
		case subnet.Addr().IsLoopback(), subnet.Addr().IsMulticast(), subnet.Addr().IsLinkLocalUnicast(), subnet.Bits() == 0:
			return fmt.Errorf("the subnet %s is for other purposes: give one such as 10.1.0.0/24 or fd00:1::/64", subnet)
		}
		*own = subnet
	}
	if n.Subnet6.IsValid() && !v.IPv6 {
		return fmt.Errorf("the subnet %s is for a network with IPv6: give --ipv6 too", n.Subnet6)
	}
	if v.IPv6 && !n.Subnet6.IsValid() {
		n.Subnet6 = private(n.ID)
	}
	return nil
}

// private is a subnet for IPv6 that follows from a network's id: it is as random as RFC 4193 wants it to be.
func private(id string) netip.Prefix {
	var bytes [16]byte
	random, _ := hex.DecodeString(id[:14]) // an id is hexadecimal
	copy(bytes[:], append([]byte{0xfd}, random...))
	return netip.PrefixFrom(netip.AddrFrom16(bytes), 64)
}

// setGateways sets the host's address in each subnet: the first one, if the user does not say. If the subnet is yet to be
// chosen, so is that.
func (v Values) setGateways(n *networks.Network) error {
	for _, gateway := range v.Gateways {
		subnet, own := n.Subnet, &n.Gateway
		if gateway.Is6() {
			subnet, own = n.Subnet6, &n.Gateway6
		}
		switch {
		case len(v.Subnets) == 0:
			return errors.New("every ip-range or gateway must have a corresponding subnet: give --subnet")
		case !subnet.IsValid() || !subnet.Contains(gateway):
			return fmt.Errorf("no matching subnet for gateway %s: give --subnet", gateway)
		case own.IsValid():
			return fmt.Errorf("subnet %s has two gateways, %s and %s: give one", subnet, *own, gateway)
		case gateway == subnet.Addr() || gateway.Is4() && !subnet.Contains(gateway.Next()):
			return fmt.Errorf("failed to allocate gateway (%s): Address already in use: it means all of the subnet: give another", gateway)
		}
		*own = gateway
	}
	if n.Subnet.IsValid() && !n.Gateway.IsValid() {
		n.Gateway = n.Subnet.Addr().Next()
	}
	if n.Subnet6.IsValid() && !n.Gateway6.IsValid() {
		n.Gateway6 = n.Subnet6.Addr().Next()
	}
	return nil
}

// setRanges sets from what part of the subnet containers get addresses, and checks which they do not.
func (v Values) setRanges(n *networks.Network) error {
	inSubnet := func(address netip.Addr) bool {
		return n.Subnet.IsValid() && n.Subnet.Contains(address) || n.Subnet6.IsValid() && n.Subnet6.Contains(address)
	}
	for _, part := range v.Ranges {
		switch {
		case len(v.Subnets) == 0:
			return errors.New("every ip-range or gateway must have a corresponding subnet: give --subnet")
		case part.Addr().Is6():
			return fmt.Errorf("the range %s: of an IPv6 subnet there is enough for all: leave it out", part)
		case !inSubnet(part.Addr()) || part.Bits() < n.Subnet.Bits():
			return fmt.Errorf("no matching subnet for range %s: give one that is within the subnet", part)
		case n.Range.IsValid():
			return fmt.Errorf("subnet %s has two ranges, %s and %s: give one", n.Subnet, n.Range, part)
		}
		n.Range = part
	}
	for _, address := range v.Reserved {
		if !inSubnet(address) {
			return fmt.Errorf("no matching subnet for aux-address %s: give --subnet", address)
		}
	}
	return nil
}
