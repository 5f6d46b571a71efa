package inspect

import (
	"fmt"
	"slices"
	"strconv"

	"drydock/final/container/show"
	"drydock/final/networks"
	settings "drydock/final/networks/show"
)

// NetworkSettings are how a container is reached.
type NetworkSettings struct {
	Bridge     string
	SandboxID  string
	SandboxKey string // its network namespace
	Ports      map[string][]Binding

	// Its place on the default network, once more.
	EndpointID          string
	Gateway             string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	MacAddress          string

	Networks map[string]settings.Settings
}

// A Binding is where a port is published.
type Binding struct{ HostIP, HostPort string }

// MarshalJSON is part of json.Marshaler: Docker writes HostIp.
func (b Binding) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"HostIp":%q,"HostPort":%q}`, b.HostIP, b.HostPort), nil
}

func key(port uint16, protocol string) string { return fmt.Sprintf("%d/%s", port, protocol) }

func networkSettings(c show.Container, all []networks.Network) NetworkSettings {
	n := NetworkSettings{Ports: map[string][]Binding{}, Networks: map[string]settings.Settings{}}
	for _, p := range show.PortsOf(c) {
		name := key(p.Private, p.Type)
		n.Ports[name] = slices.Clone(n.Ports[name]) // if nothing is published, null
		if p.IP != "" {
			n.Ports[name] = append(n.Ports[name], Binding{p.IP, strconv.Itoa(int(p.Public))})
		}
	}
	if c.IsRunning() && c.Config.Namespace.New.Has("net") {
		n.SandboxKey = fmt.Sprintf("/proc/%d/ns/net", c.Init.Pid)
	}
	for _, wish := range c.Config.Networks {
		network := networks.Network{Name: wish.Network}
		if i := slices.IndexFunc(all, func(n networks.Network) bool { return n.Name == wish.Network || n.ID == wish.Network }); i >= 0 {
			network = all[i]
		}
		s := settings.SettingsOf(network, c.ID, wish)
		n.Networks[network.Name] = s
		if network.Name == networks.Bridge {
			n.EndpointID, n.Gateway, n.IPAddress, n.IPPrefixLen, n.MacAddress = s.EndpointID, s.Gateway, s.IPAddress, s.IPPrefixLen, s.MacAddress
			n.GlobalIPv6Address, n.GlobalIPv6PrefixLen, n.IPv6Gateway = s.GlobalIPv6Address, s.GlobalIPv6PrefixLen, s.IPv6Gateway
		}
	}
	return n
}
