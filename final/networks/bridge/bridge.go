// Package bridge makes of a network's file what the kernel lacks of it: a bridge, and rules.
//
// The problem: links and rules are gone when the machine is booted, and a file is not. And networks
// differ: from some there is no way out, on others the containers are not to reach each other.
//
// The mechanism: stage 6's bridge and rules, and a few more of these. Who goes from one bridge to another is turned away by
// stage 6's rule already: nobody from elsewhere begins a connection to a container, but by a port that it has
// published. So networks are isolated from one another.
//
// Packets between two ports of one bridge are no matter of the host's firewall, unless the kernel is told so
// (br_netfilter). That is switched on for networks whose containers are not to reach each other.
//
// In a shell: ip link add br-0123456789ab type bridge; nft add rule ip drydock forward oifname br-0123456789ab ct state new
// ct status ! dnat drop; sysctl net.bridge.bridge-nf-call-iptables=1.
//
// To read: docs.docker.com on "Bridge network driver"; ebtables(8) on br_netfilter, ip-link(8).
package bridge

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"

	"github.com/vishvananda/netlink"

	"drydock/final/networks"
	"drydock/final/networks/foreign"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/network"
	"drydock/stage6-network/rules"
)

// Mark is by what a bridge says that it belongs to this state root.
func Mark(root string) (string, error) {
	absolute, err := filepath.Abs(root)
	return "drydock of " + absolute, err
}

// Up has the bridge of a network be there, with its addresses and rules, and the host pass packets on. Nobody
// else does so meanwhile: see networks.Exclusive. note is called with what the user should know.
func Up(root string, n networks.Network, note func(text string)) error {
	options, err := networks.ParseOptions(n.Options)
	if err != nil {
		return err
	}
	if options.Silent {
		if err := filterBridges(n.Subnet6.IsValid()); err != nil {
			return err
		}
	}
	mark, err := Mark(root)
	if err != nil {
		return err
	}
	if err := n.Up(mark); err != nil {
		return err
	}
	if err := configure(n, options); err != nil {
		return err
	}
	for _, all := range Rules(n, options) {
		if err := rules.Ensure(all); err != nil {
			return err
		}
	}
	if err := forward(n.Subnet6.IsValid(), note); err != nil || n.Internal {
		return err
	}
	warnings, err := foreign.Warnings(n.Bridge.Name, n.Subnet6.IsValid())
	for _, warning := range warnings {
		note(warning)
	}
	return err
}

// Default does so with the default network, which is stage 6's: where docker0 is somebody else's, or its subnet is, it
// gets another name or subnet, and that is noted.
func Default(root string, pool *lease.Pool, note func(text string)) error {
	mark, err := Mark(root)
	if err != nil {
		return err
	}
	before := pool.Bridge
	isThere, err := before.IsThere(mark)
	if err != nil {
		return err
	}
	if !isThere {
		chosen, reason, err := before.Choose(mark)
		if err != nil {
			return err
		}
		if chosen != before && reason != "" {
			note(fmt.Sprintf("%s: the bridge is %s, with %s", reason, chosen.Name, chosen.Subnet))
		}
		if before.Name != "" && chosen != before {
			if err := rules.Forget(before.Name, before.Subnet); err != nil {
				return err
			}
		}
		pool.Bridge = chosen
	}
	return Up(root, networks.Network{Name: networks.Bridge, Pool: *pool}, note)
}

// configure gives the bridge what those of stage 6 have not.
func configure(n networks.Network, options networks.Options) error {
	link, err := netlink.LinkByName(n.Bridge.Name)
	if err != nil {
		return fmt.Errorf("find the bridge %s: %w", n.Bridge.Name, err)
	}
	if options.MTU != 0 {
		if err := netlink.LinkSetMTU(link, options.MTU); err != nil {
			return fmt.Errorf("ip link set %s mtu %d: %w", n.Bridge.Name, options.MTU, err)
		}
	}
	if !n.Subnet6.IsValid() {
		return nil
	}
	address := netip.PrefixFrom(n.Gateway6, n.Subnet6.Bits())
	return Address6(nil, link, address)
}

// Down takes away what Up has made. What is not there is fine.
func Down(n networks.Network) error {
	errs := []error{rules.Forget(n.Bridge.Name, n.Subnet)}
	if n.Subnet6.IsValid() {
		errs = append(errs, rules.Forget(n.Bridge.Name, n.Subnet6))
	}
	return errors.Join(append(errs, network.Unplug(n.Bridge.Name))...)
}
