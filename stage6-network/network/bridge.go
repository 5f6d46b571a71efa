package network

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A Bridge is the switch of a network, and where its addresses are from.
type Bridge struct {
	Name    string       `json:"bridge"` // of the link
	Subnet  netip.Prefix `json:"subnet"`
	Gateway netip.Addr   `json:"gateway"` // the host's own address
}

// IsThere tells whether there is the bridge, and it is ours. A link says whose it is by its alias.
func (b Bridge) IsThere(mark string) (bool, error) {
	host, err := open()
	if err != nil {
		return false, err
	}
	defer host.Close()
	link, err := host.find(b.Name)
	return isOurs(link, mark), err
}

func isOurs(link netlink.Link, mark string) bool {
	return link != nil && link.Type() == "bridge" && link.Attrs().Alias == mark
}

// find returns the link of this name, or nil.
func (r requests) find(name string) (netlink.Link, error) {
	if name == "" {
		return nil, nil
	}
	link, err := r.LinkByName(name)
	if isGone(err) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("find the link %s: %w", name, err)
	}
	return link, nil
}

// Choose fills in what a bridge lacks, for one that is to be made: a name and a subnet that nothing else on the
// host has. They are Docker's own, where those are free; otherwise reason says why not.
func (b Bridge) Choose(mark string) (chosen Bridge, reason string, err error) {
	host, err := open()
	if err != nil {
		return b, "", err
	}
	defer host.Close()
	var reasons []string
	if b.Name, err = host.chooseName(mark); err != nil {
		return b, "", err
	}
	if b.Name != names[0] {
		reasons = append(reasons, fmt.Sprintf("%s is somebody else's", names[0]))
	}
	routes, err := host.routes(b.Name)
	if err != nil {
		return b, "", err
	}
	wanted := b.Subnet
	if b, err = b.chooseSubnet(routes); err != nil {
		return b, "", err
	}
	if !wanted.IsValid() {
		wanted = Pools()[0]
	}
	if b.Subnet != wanted.Masked() {
		reasons = append(reasons, fmt.Sprintf("the host has a route to %s already", wanted))
	}
	return b, strings.Join(reasons, ", and "), nil
}

// names are the names that a bridge of ours may have.
var names = [...]string{"docker0", "drydock0", "drydock1", "drydock2", "drydock3"}

// IsReserved tells whether a name is for a bridge that Choose chooses, or that has none yet.
func IsReserved(name string) bool { return name == draft || slices.Contains(names[:], name) }

// chooseName takes the first of them that nobody else has.
func (r requests) chooseName(mark string) (string, error) {
	for _, name := range names {
		link, err := r.find(name)
		if err != nil || link == nil || isOurs(link, mark) {
			return name, err
		}
	}
	return "", fmt.Errorf("the links %s are all somebody else's: remove one of them (ip link del %s), or use --network none",
		strings.Join(names[:], ", "), names[len(names)-1])
}

// Routes are the subnets that the host knows a way to, other than by the link given.
func Routes(but string) ([]netip.Prefix, error) {
	host, err := open()
	if err != nil {
		return nil, err
	}
	defer host.Close()
	return host.routes(but)
}

// routes are the subnets that the host knows a way to, other than by the link given: the default
// route, to everything, is none.
func (r requests) routes(but string) ([]netip.Prefix, error) {
	links, err := r.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list the links: %w", err)
	}
	ours := slices.IndexFunc(links, func(l netlink.Link) bool { return l.Attrs().Name == but })
	all, err := r.RouteList(nil, unix.AF_INET)
	if err != nil {
		return nil, fmt.Errorf("list the routes: %w", err)
	}
	var subnets []netip.Prefix
	for _, route := range all {
		if route.Dst == nil || ours >= 0 && route.LinkIndex == links[ours].Attrs().Index {
			continue
		}
		address, _ := netip.AddrFromSlice(route.Dst.IP.To4())
		bits, _ := route.Dst.Mask.Size()
		if bits > 0 {
			subnets = append(subnets, netip.PrefixFrom(address, bits))
		}
	}
	return subnets, nil
}

// chooseSubnet takes the first subnet that collides with none of the routes: the one that b has, or one
// of Docker's.
func (b Bridge) chooseSubnet(routes []netip.Prefix) (Bridge, error) {
	if b.Subnet.IsValid() && b.Subnet.Bits() > 30 {
		return b, fmt.Errorf("the subnet %s has no room for a gateway and a container: /30 is the smallest", b.Subnet)
	}
	for _, subnet := range append([]netip.Prefix{b.Subnet}, Pools()...) {
		collides := slices.ContainsFunc(routes, func(route netip.Prefix) bool { return route.Overlaps(subnet) })
		if !subnet.IsValid() || collides {
			continue
		}
		if subnet != b.Subnet || !subnet.Contains(b.Gateway) {
			b.Gateway = subnet.Masked().Addr().Next()
		}
		b.Subnet = subnet.Masked()
		return b, nil
	}
	return b, errors.New("all predefined address pools have been fully subnetted: the host has a route to each of them: write another subnet to the network's file")
}

// Pools are the subnets that Docker takes for a network, in its order: 172.17.0.0/16 to
// 172.31.0.0/16, and 192.168.0.0/20 to 192.168.240.0/20.
func Pools() (all []netip.Prefix) {
	for i := byte(17); i < 32; i++ {
		all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{172, i, 0, 0}), 16))
	}
	for i := range byte(16) {
		all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 168, i * 16, 0}), 20))
	}
	return all
}

// Up makes the bridge, unless it is there, and gives it what it lacks. One that is somebody else's is refused. It stays, as
// docker0 does: the next container needs it too.
func (b Bridge) Up(mark string) error {
	host, err := open()
	if err != nil {
		return err
	}
	defer host.Close()
	link, err := host.find(b.Name)
	switch {
	case err != nil:
		return err
	case link == nil:
		if link, err = host.makeBridge(b, mark); err != nil {
			return err
		}
	case !isOurs(link, mark):
		return fmt.Errorf("the link %[1]s is somebody else's: remove it (ip link del %[1]s), or try again", b.Name)
	}
	if err := host.keepHostsWay(link); err != nil {
		return err
	}
	if err := host.address("the host is the gateway, and everybody in the subnet is behind the bridge", link, netip.PrefixFrom(b.Gateway, b.Subnet.Bits())); err != nil {
		return err
	}
	if err := host.up("the switch is switched on", link); err != nil {
		return err
	}
	// Without this the kernel drops what has a loopback address and does not stay on lo: but the
	// host is to reach a published port on 127.0.0.1. Package rules keeps others from using it.
	_, err = setting("net/ipv4/conf/"+b.Name+"/route_localnet", "1", "the host's 127.0.0.1 may come through this link")
	return err
}

// keepHostsWay has the host take no IPv6 from a link that containers send to. Any of them could say that it is a
// router, and be sent all that the host has for others (CVE-2020-13401).
func (r requests) keepHostsWay(link netlink.Link) error {
	if err := r.withoutIPv6("there is no IPv6 on this link", link); err != nil {
		return err
	}
	_, err := setting("net/ipv6/conf/"+link.Attrs().Name+"/accept_ra", "0", "no container tells the host where to send what is for others")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the kernel has no IPv6
	}
	return err
}

// draft is the name of a bridge that has no mark yet. Whoever is killed there leaves one, and the
// next one removes it.
const draft = "drydock-new"

// makeBridge makes a bridge that is marked as ours when it appears. Its MAC address is fixed: otherwise it
// would be that of one of its ports, and change when that goes.
func (r requests) makeBridge(b Bridge, mark string) (netlink.Link, error) {
	if err := Unplug(draft); err != nil {
		return nil, err
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = draft, hardware(b.Gateway)
	link := &netlink.Bridge{LinkAttrs: attrs}
	if err := r.add("a switch, that containers are plugged in to", link); err != nil {
		return nil, err
	}
	if err := r.mark("it says whose it is", link, mark); err != nil {
		return nil, err
	}
	return link, r.rename("and appears", link, b.Name)
}
