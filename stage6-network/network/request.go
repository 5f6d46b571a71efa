package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// requests are what we ask the kernel over rtnetlink(7): one method a request, each of which gives
// an error its context and tells it beforehand for --explain, like the functions of package kernel.
type requests struct {
	*netlink.Handle
	inContainer bool
}

// open opens a netlink socket in the namespace that we are in.
func open() (requests, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return requests{}, fmt.Errorf("open a netlink socket: %w", err)
	}
	return requests{Handle: handle}, nil
}

// isGone tells whether a request has failed because there is no such link.
func isGone(err error) bool {
	var none netlink.LinkNotFoundError
	return errors.As(err, &none) || errors.Is(err, unix.ENODEV)
}

// do tells a request, with the command of iproute2 that sends the same, and then sends it.
func (r requests) do(why, call, shell string, send func() error) error {
	kernel.Tell(why, func() (string, string) {
		if r.inContainer {
			shell = "nsenter --target $pid --net " + shell
		}
		return "sendto(NETLINK_ROUTE, {" + call + "})", shell
	})
	if err := send(); err != nil {
		return fmt.Errorf("%s: %w", shell, err)
	}
	return nil
}

// add makes a link.
func (r requests) add(why string, link netlink.Link) error {
	attrs := link.Attrs()
	words := fmt.Sprintf("ip link add %s type %s", attrs.Name, link.Type())
	if attrs.HardwareAddr != nil {
		words = fmt.Sprintf("ip link add %s address %s type %s", attrs.Name, attrs.HardwareAddr, link.Type())
	}
	if veth, isVeth := link.(*netlink.Veth); isVeth {
		bridge, err := r.LinkByIndex(attrs.MasterIndex)
		if err != nil {
			return err
		}
		words = fmt.Sprintf("ip link add %s master %s type veth peer name %s address %s netns $pid", attrs.Name, bridge.Attrs().Name, veth.PeerName, veth.PeerHardwareAddr)
	}
	return r.do(why, fmt.Sprintf("RTM_NEWLINK, %q", attrs.Name), words, func() error { return r.LinkAdd(link) })
}

// up switches a link on.
func (r requests) up(why string, link netlink.Link) error {
	name := link.Attrs().Name
	return r.do(why, fmt.Sprintf("RTM_NEWLINK, %q, IFF_UP", name), "ip link set "+name+" up", func() error { return r.LinkSetUp(link) })
}

// mark writes whose a link is where ip link shows it.
func (r requests) mark(why string, link netlink.Link, alias string) error {
	name := link.Attrs().Name
	return r.do(why, fmt.Sprintf("RTM_NEWLINK, %q, IFLA_IFALIAS %q", name, alias), "ip link set "+name+" alias "+kernel.Quote(alias),
		func() error { return r.LinkSetAlias(link, alias) })
}

// rename changes the name of a link that is switched off.
func (r requests) rename(why string, link netlink.Link, name string) error {
	old := link.Attrs().Name
	err := r.do(why, fmt.Sprintf("RTM_NEWLINK, %q, IFLA_IFNAME %q", old, name), "ip link set "+old+" name "+name, func() error { return r.LinkSetName(link, name) })
	link.Attrs().Name = name
	return err
}

// hairpin has a bridge send back by a port what came in by it. That needs saying where the firewall sees what
// goes from port to port (br_netfilter): there, such a packet never reaches the bridge's own address.
func (r requests) hairpin(why string, port netlink.Link) error {
	name := port.Attrs().Name
	return r.do(why, fmt.Sprintf("RTM_SETLINK, %q, IFLA_BRPORT_MODE 1", name), "bridge link set dev "+name+" hairpin on", func() error { return r.LinkSetHairpin(port, true) })
}

// withoutIPv6 keeps IPv6 from a link that is switched off: it gets no address of that kind by itself.
func (r requests) withoutIPv6(why string, link netlink.Link) error {
	name := link.Attrs().Name
	return r.do(why, fmt.Sprintf("RTM_NEWLINK, %q, IN6_ADDR_GEN_MODE_NONE", name), "ip link set "+name+" addrgenmode none", func() error {
		err := r.LinkSetIP6AddrGenMode(link, nl.IN6_ADDR_GEN_MODE_NONE)
		if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT) {
			return nil // the kernel has no IPv6
		}
		return err
	})
}

// address gives a link an address, with the subnet that is reached through it. One that it has
// is fine.
func (r requests) address(why string, link netlink.Link, address netip.Prefix) error {
	name := link.Attrs().Name
	return r.do(why, fmt.Sprintf("RTM_NEWADDR, %q, %s", name, address), fmt.Sprintf("ip address replace %s broadcast + dev %s", address, name), func() error {
		return r.AddrReplace(link, &netlink.Addr{IPNet: ipNet(address), Broadcast: last(address)})
	})
}

// gateway has all that no other route is for go to a neighbour.
func (r requests) gateway(why string, link netlink.Link, via netip.Addr) error {
	return r.do(why, fmt.Sprintf("RTM_NEWROUTE, default, %s", via), "ip route add default via "+via.String(), func() error {
		return r.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: via.AsSlice()})
	})
}

// ipNet is a prefix as the library wants it.
func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// last is the last address of a subnet: the one that all of it listen to.
func last(p netip.Prefix) net.IP {
	ip := net.IP(p.Masked().Addr().AsSlice())
	for i, bits := range net.CIDRMask(p.Bits(), p.Addr().BitLen()) {
		ip[i] |= ^bits
	}
	return ip
}
