package show

import (
	"math"
	"net/netip"
	"time"

	"drydock/final/networks"
)

// An Object is a network as docker network inspect shows it.
type Object struct {
	Name       string
	ID         string `json:"Id"`
	Created    time.Time
	Scope      string
	Driver     string
	EnableIPv4 bool
	EnableIPv6 bool
	IPAM       IPAM
	Internal   bool
	Attachable bool // of swarms, as the next three
	Ingress    bool
	ConfigFrom struct{ Network string }
	ConfigOnly bool
	Options    map[string]string
	Labels     map[string]string
	Containers map[string]Container
	Status     Status
}

// IPAM is where the network's addresses are from.
type IPAM struct {
	Driver  string
	Options map[string]string
	Config  []Subnet
}

// A Subnet is one of a network's.
type Subnet struct {
	Subnet             string
	IPRange            string                `json:",omitempty"`
	Gateway            string                `json:",omitempty"`
	AuxiliaryAddresses map[string]netip.Addr `json:",omitempty"`
}

// A Container is one that is on the network.
type Container struct{ Name, EndpointID, MacAddress, IPv4Address, IPv6Address string }

// Status is how many addresses there are, by subnets.
type Status struct {
	IPAM struct {
		Subnets map[string]Usage `json:",omitempty"`
	}
}

// Usage is how many addresses nobody can have any more, and how many containers can get yet.
type Usage struct{ IPsInUse, DynamicIPsAvailable uint64 }

// Inspect returns all that is known of a network. name tells the names of containers that the network's file
// has none of: they are stage 6's.
func Inspect(n networks.Network, name func(id string) string) Object {
	o := Object{
		Name: n.Name, ID: n.ID, Created: n.Created, Scope: scope, Driver: n.Driver(), EnableIPv4: true, EnableIPv6: n.Subnet6.IsValid(),
		IPAM: IPAM{Driver: "default"}, Internal: n.Internal, Options: present(n.Options), Labels: present(n.Labels), Containers: map[string]Container{},
	}
	if !networks.IsPredefined(n.Name) {
		o.IPAM.Options = map[string]string{}
	}
	if n.Name == networks.Bridge {
		o.Options = usual(n.Bridge.Name)
	}
	for address, id := range n.Leases {
		e, known := n.Endpoints[id]
		switch {
		case !known:
			e = networks.Endpoint{Name: name(id), Address: address}
		case address != e.Address:
			continue // its IPv6 address, which comes with the other one
		}
		o.Containers[id] = container(n, e)
	}
	o.addSubnets(n)
	return o
}

// usual are the options that the default network has.
func usual(bridge string) map[string]string {
	return map[string]string{
		"com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
		"com.docker.network.bridge.enable_ip_masquerade": "true", "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
		"com.docker.network.bridge.name": bridge, "com.docker.network.driver.mtu": "1500",
	}
}

// addSubnets adds what there is to say of the subnets.
func (o *Object) addSubnets(n networks.Network) {
	o.Status.IPAM.Subnets = map[string]Usage{}
	if n.Subnet.IsValid() {
		o.IPAM.Config = append(o.IPAM.Config, subnet(n, n.Subnet, n.Gateway))
		o.Status.IPAM.Subnets[n.Subnet.String()] = usage(n, n.Subnet)
	}
	if n.Subnet6.IsValid() {
		o.IPAM.Config = append(o.IPAM.Config, subnet(n, n.Subnet6, n.Gateway6))
		o.Status.IPAM.Subnets[n.Subnet6.String()] = usage(n, n.Subnet6)
	}
}

func subnet(n networks.Network, prefix netip.Prefix, gateway netip.Addr) Subnet {
	s := Subnet{Subnet: prefix.String(), Gateway: gateway.String()}
	if n.Range.IsValid() && prefix == n.Subnet {
		s.IPRange = n.Range.String()
	}
	for name, address := range n.Reserved {
		if prefix.Contains(address) {
			if s.AuxiliaryAddresses == nil {
				s.AuxiliaryAddresses = map[string]netip.Addr{}
			}
			s.AuxiliaryAddresses[name] = address
		}
	}
	return s
}

func container(n networks.Network, e networks.Endpoint) Container {
	c := Container{Name: e.Name, EndpointID: e.ID, MacAddress: e.Hardware, IPv4Address: netip.PrefixFrom(e.Address, n.Subnet.Bits()).String()}
	if e.Address6.IsValid() {
		c.IPv6Address = netip.PrefixFrom(e.Address6, n.Subnet6.Bits()).String()
	}
	return c
}

// usage counts as Docker does: the address of the subnet itself and, in IPv4, the last one are in use, and the gateway is.
// What is not in the range that containers get from is not available.
func usage(n networks.Network, prefix netip.Prefix) Usage {
	from, ends := prefix, []netip.Addr{prefix.Addr(), n.Gateway, n.Gateway6}
	if prefix.Addr().Is4() {
		if n.Range.IsValid() {
			from = n.Range
		}
		ends = append(ends, last(prefix))
	}
	taken := map[netip.Addr]bool{}
	for _, address := range ends {
		taken[address] = true
	}
	for address := range n.Leases {
		taken[address] = true
	}
	for _, address := range n.Reserved {
		taken[address] = true
	}
	u := Usage{DynamicIPsAvailable: size(from)}
	for address := range taken {
		if prefix.Contains(address) {
			u.IPsInUse++
		}
		if from.Contains(address) {
			u.DynamicIPsAvailable--
		}
	}
	return u
}

// size is how many addresses a subnet has, or the largest number there is. The size of a /64 is 0, one more than that: some are in use.
func size(p netip.Prefix) uint64 {
	bits := p.Addr().BitLen() - p.Bits()
	if bits > 64 {
		return math.MaxUint64
	}
	return 1 << bits
}

// last is the last address of an IPv4 subnet, for all of it.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(bytes)
}

// present is a map that JSON shows as {} if it is empty.
func present(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
