package bridge

import (
	"net/netip"

	"drydock/final/networks"
	"drydock/stage6-network/rules"
)

// Rules are those of a network: for IPv4, and for IPv6 if it has that.
func Rules(n networks.Network, options networks.Options) (all [][]rules.Rule) {
	for _, subnet := range []netip.Prefix{n.Subnet, n.Subnet6} {
		if subnet.IsValid() {
			all = append(all, ofSubnet(n, options, subnet))
		}
	}
	return all
}

func ofSubnet(n networks.Network, options networks.Options, subnet netip.Prefix) []rules.Rule {
	name := n.Bridge.Name
	all := rules.Network(name, subnet)
	if n.Internal || options.NoMasquerade {
		all = rules.Guard(name, subnet)
	}
	add := func(parts ...rules.Part) {
		all = append(all, rules.Rule{Chain: "forward", Parts: parts, For: all[0].For, Six: all[0].Six})
	}
	if n.Internal {
		// There is no way to the network, and none out of it, whatever routes its containers make themselves.
		add(rules.From(name), rules.NotOut(name), rules.Drop)
		add(rules.NotFrom(name), rules.Out(name), rules.Drop)
	}
	if options.Silent {
		// As for those from elsewhere: nobody begins a connection to a container, but by a published port.
		add(rules.From(name), rules.Out(name), rules.New, rules.NotPublished, rules.Drop)
	}
	return all
}
