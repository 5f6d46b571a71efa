package main

import (
	"net/netip"

	"drydock/stage6-network/flow"
	"drydock/stage6-network/network"
	"drydock/stage6-network/port"
	"drydock/stage6-network/rules"
)

// plug plugs a container in that has been started and waits, and publishes its ports.
func plug(pid int, place network.Endpoint, ports []port.Mapping) error {
	if !place.Address.IsValid() {
		return nil
	}
	netns, err := network.Namespace(pid)
	if err != nil {
		return err
	}
	defer netns.Close()
	if err := network.Plug(netns, place); err != nil {
		return err
	}
	if err := rules.Apply(rules.Publish(place.ID, published(place.Address, ports))); err != nil {
		return err
	}
	var packets []netip.AddrPort
	for _, m := range ports {
		if m.Protocol == "udp" {
			packets = append(packets, m.Host)
		}
	}
	return flow.Forget(packets)
}

// published are the ports as rules have them: to whom they go is known only now.
func published(address netip.Addr, ports []port.Mapping) (all []rules.Port) {
	for _, m := range ports {
		all = append(all, rules.Port{Protocol: m.Protocol, Host: m.Host, Container: netip.AddrPortFrom(address, m.Container)})
	}
	return all
}
