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
	"net"
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
	mark, err := Mark(root)
	if err != nil {
		return err
	}
	if isTheirs, err := isTheirs(n.Bridge, mark); err != nil {
		return err
	} else if isTheirs {
		return fmt.Errorf("the link %[1]s is somebody else's: remove it (ip link del %[1]s), or make the network again with another bridge", n.Bridge.Name)
	}
	if options.Silent {
		if err := filterBridges(); err != nil {
			return err
		}
	}
	// First the rules, which may be refused, and without which the bridge would be open.
	for _, all := range Rules(n, options) {
		if err := rules.Ensure(all); err != nil {
			return err
		}
	}
	if err := n.Up(mark); err != nil {
		return err
	}
	if err := configure(n, options); err != nil || n.Internal {
		return err // the host passes on nothing of an internal one
	}
	if err := forward(n.Subnet6.IsValid(), note); err != nil {
		return err
	}
	warnings, err := foreign.Warnings(n.Bridge.Name, n.Subnet6.IsValid())
	for _, warning := range warnings {
		note(warning)
	}
	return err
}

// isTheirs tells whether there is a link of a bridge's name that is not ours. Where there is, rules about that name may not be
// ours either.
func isTheirs(b network.Bridge, mark string) (bool, error) {
	isOurs, err := b.IsThere(mark)
	if err != nil || isOurs || b.Name == "" {
		return false, err
	}
	_, err = net.InterfaceByName(b.Name)
	return err == nil, nil
}

// Default does so with the default network, which is stage 6's, and which nobody else changes: where docker0 is somebody else's,
// or its subnet is, it gets another name or subnet, and that is noted; unless address, the host's own with the length of the
// subnet, says which it is to be.
func Default(root string, n *networks.Network, address netip.Prefix, note func(text string)) error {
	mark, err := Mark(root)
	if err != nil {
		return err
	}
	alone, err := lease.Alone() // or another state root would choose the same
	if err != nil {
		return err
	}
	defer alone.Close() // nothing was written: there is nothing that could fail
	before := n.Bridge
	isThere, err := before.IsThere(mark)
	if err != nil {
		return err
	}
	wanted := before
	if address.IsValid() {
		wanted.Subnet, wanted.Gateway = address.Masked(), address.Addr()
	}
	if isThere && wanted != before {
		if len(n.Leases) > 0 {
			return fmt.Errorf("bip is %s, and the bridge %s has %s, which containers have addresses of: stop these first", address, before.Name, before.Subnet)
		}
		if err := network.Unplug(before.Name); err != nil {
			return err
		}
		isThere = false
	}
	if !isThere {
		chosen, reason, err := wanted.Choose(mark)
		switch {
		case err != nil:
			return err
		case address.IsValid() && chosen.Subnet != wanted.Subnet:
			return fmt.Errorf("bip is %s, and %s: choose another", address, reason)
		case chosen != before && reason != "":
			note(fmt.Sprintf("%s: the bridge is %s, with %s", reason, chosen.Name, chosen.Subnet))
		}
		if err := forget(before, chosen, mark); err != nil {
			return err
		}
		n.Bridge = chosen
	}
	return Up(root, *n, note)
}

// forget takes away the rules of a bridge that has gone, if the one in its place is not the same. Where somebody else has a
// bridge of that name now, they may be his.
func forget(before, chosen network.Bridge, mark string) error {
	if before == chosen || before.Name == "" {
		return nil
	}
	isTheirs, err := isTheirs(before, mark)
	if err != nil || isTheirs {
		return err
	}
	return rules.Forget(before.Name, before.Subnet)
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
		return withoutIPv6(n.Bridge.Name)
	}
	address := netip.PrefixFrom(n.Gateway6, n.Subnet6.Bits())
	return Address6(nil, link, address)
}

// Down takes away what Up has made. What is not there is fine, and a link of the bridge's name that is somebody else's stays.
// Nobody else makes or removes one meanwhile: see networks.Exclusive.
func Down(root string, n networks.Network) error {
	mark, err := Mark(root)
	if err != nil {
		return err
	}
	isTheirs, err := isTheirs(n.Bridge, mark)
	if err != nil || isTheirs {
		return err
	}
	errs := []error{network.Unplug(n.Bridge.Name), rules.Forget(n.Bridge.Name, n.Subnet), rules.Forget(n.Bridge.Name, subnet6(n))}
	return errors.Join(errs...)
}
