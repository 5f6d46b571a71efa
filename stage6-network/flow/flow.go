// Package flow has the kernel forget what it knows of packets whose address or port has changed hands.
//
// The problem: rules of address translation are asked about the first packet of a connection only. UDP has no
// connections: for the kernel all packets between the same two addresses and ports are one, as long as they keep
// coming. So whoever sends its log to port 8080, and did so before that was published, would go on sending past the
// container for ever. And whoever sent to a container that has gone would go on sending to that address, whoever has it now.
//
// The kernel feature: connection tracking has a table of what it knows. An entry can be deleted, and then the next
// packet is a first one again.
//
// In a shell: conntrack --delete --proto udp --orig-port-dst 8080; conntrack --delete --reply-src 172.17.0.2.
//
// To read: conntrack(8), Documentation/networking/nf_conntrack-sysctl.rst.
package flow

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// to are the UDP packets to these ports of the host's, which has these addresses.
type to struct {
	ports     []netip.AddrPort
	addresses []net.Addr
}

// MatchConntrackFlow is what the library calls for each entry of the table.
func (t to) MatchConntrackFlow(entry *netlink.ConntrackFlow) bool {
	first := entry.Forward
	return first.Protocol == unix.IPPROTO_UDP && slices.ContainsFunc(t.ports, func(port netip.AddrPort) bool {
		address, _ := netip.AddrFromSlice(first.DstIP)
		return port.Port() == first.DstPort && (port.Addr() == address.Unmap() || port.Addr().IsUnspecified() && t.isHosts(first.DstIP))
	})
}

// isHosts tells whether an address is one of the host's. What goes to the same port of others is none of ours: to 53, all questions for names.
func (t to) isHosts(ip net.IP) bool {
	return ip.IsLoopback() || slices.ContainsFunc(t.addresses, func(own net.Addr) bool {
		network, isIP := own.(*net.IPNet)
		return isIP && network.IP.Equal(ip)
	})
}

// attempts is how often the table is read that changes while it is.
const attempts = 20

// Forget has the kernel forget the UDP packets to these ports; 0.0.0.0 is any address of the host's. If there were none, that is fine.
func Forget(ports []netip.AddrPort) error {
	if len(ports) == 0 {
		return nil
	}
	for _, port := range ports {
		kernel.Tell("who sent here before, sends to the container from now on", func() (string, string) {
			where := ""
			if !port.Addr().IsUnspecified() {
				where = fmt.Sprintf(" --orig-dst %s", port.Addr())
			}
			return fmt.Sprintf("sendto(NETLINK_NETFILTER, {IPCTNL_MSG_CT_DELETE, udp, %s})", port),
				fmt.Sprintf("conntrack --delete --proto udp%s --orig-port-dst %d", where, port.Port())
		})
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("list the host's addresses: %w", err)
	}
	return forget(unix.AF_INET, to{ports, addresses}, fmt.Sprintf("what was sent to the ports %v", ports))
}

// of are the packets that were sent by a container, or to it, by its address or by a port of the host's.
type of netip.Addr

// MatchConntrackFlow is what the library calls for each entry of the table.
func (o of) MatchConntrackFlow(entry *netlink.ConntrackFlow) bool {
	is := func(ip net.IP) bool {
		address, _ := netip.AddrFromSlice(ip)
		return address.Unmap() == netip.Addr(o)
	}
	return is(entry.Forward.SrcIP) || is(entry.Reverse.SrcIP)
}

// Vacate has the kernel forget all packets of an address that a container gets: they were another's. If there were none, that is fine.
func Vacate(address netip.Addr) error {
	kernel.Tell("who sent to another container here before, does not send to this one", func() (string, string) {
		return fmt.Sprintf("sendto(NETLINK_NETFILTER, {IPCTNL_MSG_CT_DELETE, %s})", address),
			fmt.Sprintf("conntrack --delete --orig-src %[1]s; conntrack --delete --reply-src %[1]s", address)
	})
	family := netlink.InetFamily(unix.AF_INET)
	if address.Is6() {
		family = unix.AF_INET6
	}
	return forget(family, of(address), fmt.Sprintf("the packets of %s", address))
}

func forget(family netlink.InetFamily, which netlink.CustomConntrackFilter, what string) error {
	var err error
	for range attempts {
		if _, err = netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, which); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("forget %s: %w", what, err)
	}
	return nil
}
