package bridge

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
	"drydock/stage6-network/network"
)

// filterBridges has the firewall see what goes from one port of a bridge to another. It does so for all bridges of the host.
// Documentation/networking/ip-sysctl.rst, on /proc/sys/net/bridge.
func filterBridges() error {
	// Packets with the tag of a VLAN too: to whom gets them, one with the number 0 is as good as one without.
	for _, name := range []string{"net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables", "net/bridge/bridge-nf-filter-vlan-tagged"} {
		err := set(name)
		if errors.Is(err, fs.ErrNotExist) {
			// A kernel that has it as a module has not loaded it yet. If that fails, set says what there is not.
			_ = exec.Command("modprobe", "br_netfilter").Run()
			err = set(name)
		}
		if err != nil {
			return fmt.Errorf("keep the containers of a network from one another: %w: this kernel needs br_netfilter: modprobe br_netfilter, or leave enable_icc=false out", err)
		}
	}
	return nil
}

// hasIPv6 tells whether the kernel has that.
func hasIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// withoutIPv6 has the host take no IPv6 from a link, to pass it on or to keep: not what containers send by addresses that they
// give themselves either. Documentation/networking/ip-sysctl.rst on disable_ipv6.
func withoutIPv6(link string) error {
	if !hasIPv6() {
		return nil
	}
	return kernel.WriteFile("the network has no IPv6", "/proc/sys/net/ipv6/conf/"+link+"/disable_ipv6", "1")
}

// forward has the host pass on what is for others, and says so if that is new.
func forward(six bool, note func(text string)) error {
	switched, err := network.Forward()
	if switched {
		note("net.ipv4.ip_forward is on now: containers reach others through this host. It stays on, for everybody: sysctl net.ipv4.ip_forward=0 ends that")
	}
	if err != nil || !six {
		return err
	}
	const name = "net/ipv6/conf/all/forwarding"
	before, err := os.ReadFile("/proc/sys/" + name)
	if err != nil {
		return fmt.Errorf("%w: this kernel has no IPv6: make the network without --ipv6", err)
	}
	if string(before) == "1\n" {
		return nil
	}
	note("net.ipv6.conf.all.forwarding is on now: containers reach others through this host, and it takes no routes from routers any more. It stays on: sysctl net.ipv6.conf.all.forwarding=0 ends that")
	return set(name)
}

// set switches a setting of the kernel's on. proc_sys(5).
func set(name string) error {
	return kernel.WriteFile("a switch for the whole host", "/proc/sys/"+name, "1")
}

// Address6 gives a link an IPv6 address, in the namespace of a handle, or in ours. Nobody is asked whether somebody has it
// already, which would take a second: the network's file knows. ip-address(8) on nodad.
func Address6(handle *netlink.Handle, link netlink.Link, address netip.Prefix) error {
	replace := netlink.AddrReplace
	if handle != nil {
		replace = handle.AddrReplace
	}
	name := link.Attrs().Name
	kernel.Tell("and its IPv6 address", func() (string, string) {
		return fmt.Sprintf("sendto(NETLINK_ROUTE, {RTM_NEWADDR, %q, %s})", name, address), fmt.Sprintf("ip address replace %s dev %s nodad", address, name)
	})
	parsed, err := netlink.ParseAddr(address.String())
	if err != nil {
		return err
	}
	parsed.Flags = unix.IFA_F_NODAD
	if err := replace(link, parsed); err != nil {
		return fmt.Errorf("ip address replace %s dev %s nodad: %w", address, name, err)
	}
	return nil
}
