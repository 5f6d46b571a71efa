package connect

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"drydock/final/networks"
	"drydock/final/networks/bridge"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/stage6-network/flow"
	"drydock/stage6-network/network"
	"drydock/stage6-network/rules"
)

// Plug plugs a container in that has its places, gives it its way to the rest, and publishes its ports there. It
// is told by its network namespace.
func Plug(namespace *os.File, c Container, places []Place) error {
	for _, place := range places {
		if err := plug(namespace, place); err != nil {
			return err
		}
	}
	return settle(namespace, c, places)
}

// plug makes one cable. No default route is by it yet. The largest packet of both its ends is the network's: what is larger than
// one end takes is lost.
func plug(namespace *os.File, p Place) error {
	hardware, err := net.ParseMAC(p.Endpoint.Hardware)
	if err != nil {
		return err
	}
	e := network.Endpoint{
		Bridge: p.Network.Bridge, Address: p.Endpoint.Address, Cable: p.Endpoint.Cable,
		Link: p.Endpoint.Link, Hardware: hardware, NoWay: true,
	}
	if err := network.Plug(namespace, e); err != nil {
		return err
	}
	options, err := networks.ParseOptions(p.Network.Options)
	if err != nil {
		return err
	}
	if err := errors.Join(setMTU(new(netlink.Handle), p.Endpoint.Cable, options.MTU), hearNoRouter(namespace, p.Endpoint)); err != nil {
		return err
	}
	return within(namespace, func(container *netlink.Handle) error {
		if err := setMTU(container, p.Endpoint.Link, options.MTU); err != nil || !p.Endpoint.Address6.IsValid() {
			return err
		}
		link, err := container.LinkByName(p.Endpoint.Link)
		if err != nil {
			return fmt.Errorf("find %s in the container: %w", p.Endpoint.Link, err)
		}
		return bridge.Address6(container, link, netip.PrefixFrom(p.Endpoint.Address6, p.Network.Subnet6.Bits()))
	})
}

// setMTU sets the largest packet of a link, if the network has one. The handle says where the link is.
func setMTU(where *netlink.Handle, name string, mtu int) error {
	if mtu == 0 {
		return nil
	}
	link, err := where.LinkByName(name)
	if err == nil {
		err = where.LinkSetMTU(link, mtu)
	}
	if err != nil {
		return fmt.Errorf("ip link set %s mtu %d: %w", name, mtu, err)
	}
	return nil
}

// hearNoRouter has a container take no IPv6 by a link but what the network has: any neighbour could say that it is a router, and be
// sent what is for others. Documentation/networking/ip-sysctl.rst on accept_ra and disable_ipv6.
func hearNoRouter(namespace *os.File, e networks.Endpoint) error {
	setting, value := "disable_ipv6", "1"
	if e.Address6.IsValid() {
		setting, value = "accept_ra", "0"
	}
	return alone.Thread(func() error {
		if err := kernel.Setns("settings of the network are those of who looks", int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		err := kernel.WriteFile("no neighbour is a router", "/proc/sys/net/ipv6/conf/"+e.Link+"/"+setting, value)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the kernel has no IPv6
		}
		return err
	})
}

// within opens a netlink socket in a network namespace, and closes it again.
func within(namespace *os.File, f func(*netlink.Handle) error) error {
	handle, err := netlink.NewHandleAt(netns.NsHandle(namespace.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("enter the container's network namespace: %w", err)
	}
	defer handle.Close()
	return f(handle)
}

// Ranked are places in the order in which Docker prefers them as the container's way to all that no network of its own has, and
// to ask for names: not internal ones, those with a higher priority, with IPv6, and by name.
func Ranked(places []Place) []Place {
	first := func(a, b bool) int {
		switch {
		case a == b:
			return 0
		case a:
			return -1
		}
		return 1
	}
	return slices.SortedFunc(slices.Values(places), func(a, b Place) int {
		return cmp.Or(
			first(!a.Network.Internal, !b.Network.Internal),
			cmp.Compare(b.Endpoint.Priority, a.Endpoint.Priority),
			first(a.Endpoint.Address6.IsValid(), b.Endpoint.Address6.IsValid()),
			strings.Compare(a.Network.Name, b.Network.Name))
	})
}

// Way returns the place by which a container reaches the rest. There is none if all its networks are internal.
func Way(places []Place) (way Place, ok bool) {
	if len(places) == 0 {
		return way, false
	}
	way = Ranked(places)[0]
	return way, !way.Network.Internal
}

// settle has the container's default routes be those of its places and no others, and its ports be published there.
func settle(namespace *os.File, c Container, places []Place) error {
	way, ok := Way(places)
	err := within(namespace, func(container *netlink.Handle) error {
		if !ok {
			return errors.Join(dropDefault(container, false), dropDefault(container, true))
		}
		err := setDefault(container, way.Network.Gateway, way.Endpoint.Link)
		if !way.Endpoint.Address6.IsValid() {
			return errors.Join(err, dropDefault(container, true))
		}
		return errors.Join(err, setDefault(container, way.Network.Gateway6, way.Endpoint.Link))
	})
	if err != nil {
		return err
	}
	if !ok {
		return rules.Withdraw(c.ID)
	}
	return publish(c, way.Endpoint.Address)
}

// publish has the container's ports lead to its address.
func publish(c Container, address netip.Addr) error {
	var all []rules.Port
	var packets []netip.AddrPort
	for _, m := range c.Ports {
		if m.Host.Addr().Is6() {
			continue // package publish passes these on
		}
		all = append(all, rules.Port{Protocol: m.Protocol, Host: m.Host, Container: netip.AddrPortFrom(address, m.Container)})
		if m.Protocol == "udp" {
			packets = append(packets, m.Host)
		}
	}
	if err := rules.Apply(rules.Publish(c.ID, all)); err != nil {
		return err
	}
	return flow.Forget(packets)
}

// setDefault has the default route of a gateway's family be by that gateway.
func setDefault(container *netlink.Handle, gateway netip.Addr, name string) error {
	link, err := container.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s in the container: %w", name, err)
	}
	words := fmt.Sprintf("ip route replace default via %s dev %s", gateway, name)
	kernel.Tell("everything else goes to the host, which knows the way", func() (string, string) {
		return "sendto(NETLINK_ROUTE, {RTM_NEWROUTE, default, " + gateway.String() + "})", "nsenter --target $pid --net " + words
	})
	if err := container.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: gateway.AsSlice()}); err != nil {
		return fmt.Errorf("%s: %w", words, err)
	}
	return nil
}

// dropDefault removes the default route of IPv4 or IPv6. If there is none, that is fine.
func dropDefault(container *netlink.Handle, six bool) error {
	family, everything := netlink.FAMILY_V4, &net.IPNet{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}
	if six {
		family, everything = netlink.FAMILY_V6, &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
	}
	err := container.RouteDel(&netlink.Route{Dst: everything, Family: family})
	// The second one is where no route was ever made, the third where there is no IPv6.
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EAFNOSUPPORT) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ip route del default: %w", err)
	}
	return nil
}
