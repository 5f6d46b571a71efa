package bridge

import (
	"net/netip"

	"drydock/final/networks"
	"drydock/stage6-network/rules"
)

// everything is all of IPv6: that is what the rules of a network are about that has none of it.
var everything = netip.PrefixFrom(netip.IPv6Unspecified(), 0)

// subnet6 is what the rules of a network for IPv6 are about.
func subnet6(n networks.Network) netip.Prefix {
	if n.Subnet6.IsValid() {
		return n.Subnet6
	}
	return everything
}

// Rules are those of a network: for IPv4, and for IPv6 if it has that, or has containers that are not to reach each other by
// addresses that they give themselves.
func Rules(n networks.Network, options networks.Options) (all [][]rules.Rule) {
	all = append(all, ofSubnet(n, options, n.Subnet))
	switch name := n.Bridge.Name; {
	case n.Subnet6.IsValid():
		all = append(all, ofSubnet(n, options, n.Subnet6))
	case options.Silent && hasIPv6():
		purpose := rules.Guard(name, everything)[0].For
		all = append(all, []rules.Rule{{Chain: "forward", Parts: []rules.Part{rules.From(name), rules.Out(name), rules.Drop}, For: purpose, Six: true}})
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
		add(rules.From(name), rules.Out(name), rules.Unknown, rules.Drop)
		// Each rule is put in front of those before: so what links let through is asked first.
		add(rules.From(name), rules.Out(name), rules.Linked)
	}
	return all
}
