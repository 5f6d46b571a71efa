// Package network gives a container a cable to the host, and the host a switch to plug it in.
//
// The problem: a new network namespace has one link, lo, that leads nowhere. Links belong to one
// namespace each, and what is sent on one never shows up in another.
//
// The kernel feature: a veth pair is two links with a cable between them: what is sent on one comes
// out of the other. One end is made in the container's namespace, as eth0; the other one stays on
// the host, where it becomes a port of a bridge, which is a switch: it passes frames from port to
// port. The bridge is also a link of the host's own, with an address. That makes the host the
// gateway of all that is plugged in.
//
// In a shell: ip link add docker0 type bridge; ip address add 172.17.0.1/16 dev docker0; ip link set
// docker0 up; ip link add veth1 master docker0 type veth peer name eth0 netns $pid; ip link set veth1 up;
// nsenter -t $pid -n ip address add 172.17.0.2/16 dev eth0, …
//
// To read: veth(4), ip-link(8), ip-address(8), ip-route(8), rtnetlink(7), network_namespaces(7).
package network

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// An Endpoint is a container's place in a network.
type Endpoint struct {
	ID      string // of the container
	Bridge  Bridge
	Address netip.Addr
	Cable   string // the name of the host's end

	// What a container that is on several networks has otherwise.
	Link     string           // the name of its own end, if that is not eth0
	Hardware net.HardwareAddr // of its own end, if that does not go with the address
	NoWay    bool             // the network is not its way to the others
}

// NewEndpoint returns the place of the container id at an address of the bridge's subnet.
func NewEndpoint(bridge Bridge, address netip.Addr, id string) Endpoint {
	return Endpoint{ID: id, Bridge: bridge, Address: address, Cable: Cable(id)}
}

// Cable is the name of the host's end of a container's cable: as much of the id as a link's name
// has room for (IFNAMSIZ, 15 letters).
func Cable(id string) string { return "veth" + id[:11] }

// hardware is the MAC address that goes with an address, as Docker makes it: 02, of those that
// anyone may use, 42, and the address. So an address that is given to another container keeps
// its MAC, and nobody who remembers the two is wrong.
func hardware(address netip.Addr) net.HardwareAddr {
	four := address.As4()
	return append(net.HardwareAddr{0x02, 0x42}, four[:]...)
}

// Namespace opens the network namespace of a process. As long as it is open, it stays, whatever
// becomes of the process, or of its pid.
func Namespace(pid int) (*os.File, error) { return os.Open(fmt.Sprintf("/proc/%d/ns/net", pid)) }

// Join moves the caller to a network namespace that is the open file fd, and so what it executes.
// For init: namespaces belong to threads, and the caller keeps to its own from here on. setns(2).
func Join(fd int) error {
	runtime.LockOSThread() // never unlocked: all that follows is for the container
	return kernel.Setns("the network is another container's", fd, unix.CLONE_NEWNET)
}

// Plug makes a cable from the bridge to the network namespace given, and has that use it. It is
// told by its open file, not by a pid: so no other process can come to be meant. What fails leaves
// a cable for Unplug to take away.
func Plug(namespace *os.File, e Endpoint) error {
	host, err := open()
	if err != nil {
		return err
	}
	defer host.Close()
	bridge, err := host.LinkByName(e.Bridge.Name)
	if err != nil {
		return fmt.Errorf("find the bridge %s: %w", e.Bridge.Name, err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MasterIndex = e.Cable, bridge.Attrs().Index
	cable := netlink.NewVeth(attrs)
	cable.PeerName, cable.PeerHardwareAddr, cable.PeerNamespace = e.inside(), e.hardware(), netlink.NsFd(namespace.Fd())
	if err := host.add("a cable: one end is born in the container, the other on the bridge", cable); err != nil {
		return err
	}
	if err := host.hairpin("what a container sends to itself by a published port goes out as it came in", cable); err != nil {
		return err
	}
	if err := host.keepHostsWay(cable); err != nil {
		return err
	}
	if err := host.up("the host's end", cable); err != nil {
		return err
	}
	return e.configure(namespace)
}

// inside is the name of the container's end.
func (e Endpoint) inside() string { return cmp.Or(e.Link, "eth0") }

func (e Endpoint) hardware() net.HardwareAddr {
	if e.Hardware != nil {
		return e.Hardware
	}
	return hardware(e.Address)
}

// configure gives the container's end its address, and the container its way out.
func (e Endpoint) configure(namespace *os.File) error {
	// The library's thread enters the namespace to open a socket, and goes back: a socket stays in
	// the namespace that it was opened in.
	handle, err := netlink.NewHandleAt(netns.NsHandle(namespace.Fd()), unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("enter the container's network namespace: %w", err)
	}
	container := requests{handle, true}
	defer container.Close()
	eth0, err := container.LinkByName(e.inside())
	if err != nil {
		return fmt.Errorf("find %s in the container: %w", e.inside(), err)
	}
	if err := container.withoutIPv6("there is no IPv6, not even an address for this link only", eth0); err != nil {
		return err
	}
	if err := container.address("the container's address, among those that are reached directly", eth0,
		netip.PrefixFrom(e.Address, e.Bridge.Subnet.Bits())); err != nil {
		return err
	}
	if err := container.up("the container's end", eth0); err != nil {
		return err
	}
	if e.NoWay {
		return nil
	}
	return container.gateway("everything else goes to the host, which knows the way", eth0, e.Bridge.Gateway)
}

// Unplug takes a container's cable away, both ends at once. The kernel has done so itself when the last
// process of the container's network namespace has ended; this is for when it has not yet. A cable that
// is gone is fine.
func Unplug(cable string) error {
	host, err := open()
	if err != nil {
		return err
	}
	defer host.Close()
	link, err := host.LinkByName(cable)
	if err == nil {
		err = host.LinkDel(link)
	}
	if isGone(err) {
		return nil
	}
	return err
}
