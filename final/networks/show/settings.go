package show

import (
	"slices"

	"drydock/final/networks"
	"drydock/final/networks/endpoint"
)

// Settings are a container's place in a network, as docker inspect shows it in NetworkSettings.Networks. The order of the fields is that
// of Docker's JSON.
type Settings struct {
	IPAMConfig          *Wanted
	Links               []string // of the default network only
	Aliases             []string
	DriverOpts          map[string]string // there are none
	GwPriority          int
	NetworkID           string
	EndpointID          string
	Gateway             string
	IPAddress           string
	MacAddress          string
	IPPrefixLen         int
	IPv6Gateway         string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	DNSNames            []string
}

// Wanted are the addresses that the user has asked for.
type Wanted struct {
	IPv4Address string `json:",omitempty"`
	IPv6Address string `json:",omitempty"`
}

// SettingsOf returns those of the container id, which is on the network n as wish says.
func SettingsOf(n networks.Network, id string, wish endpoint.Wish) Settings {
	s := Settings{Aliases: wish.Aliases, GwPriority: wish.Priority, NetworkID: n.ID}
	if wish.Address.IsValid() || wish.Address6.IsValid() {
		s.IPAMConfig = &Wanted{}
	}
	if wish.Address.IsValid() {
		s.IPAMConfig.IPv4Address = wish.Address.String()
	}
	if wish.Address6.IsValid() {
		s.IPAMConfig.IPv6Address = wish.Address6.String()
	}
	e, runs := n.Endpoints[id]
	if !runs {
		return s
	}
	s.EndpointID, s.MacAddress, s.IPAddress, s.IPPrefixLen = e.ID, e.Hardware, e.Address.String(), n.Subnet.Bits()
	if !n.Internal {
		s.Gateway = n.Gateway.String()
	}
	if e.Address6.IsValid() {
		s.IPv6Gateway, s.GlobalIPv6Address, s.GlobalIPv6PrefixLen = n.Gateway6.String(), e.Address6.String(), n.Subnet6.Bits()
	}
	if n.Name != networks.Bridge {
		s.DNSNames = dnsNames(id, e)
	}
	return s
}

// dnsNames are those by which the container's neighbours find it, each once.
func dnsNames(id string, e networks.Endpoint) (names []string) {
	for _, name := range append(append([]string{e.Name}, e.Aliases...), id[:min(12, len(id))], e.Hostname) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
