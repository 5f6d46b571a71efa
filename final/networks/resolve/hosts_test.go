package resolve

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/dns"
	"drydock/final/networks"
)

// network is one whose name is one hexadecimal digit.
func network(name string, internal bool) networks.Network {
	n := networks.Network{Name: name, More: networks.More{ID: strings.Repeat(name, 64), Internal: internal}}
	n.Bridge.Name = "br-" + name
	n.Subnet, n.Gateway = netip.MustParsePrefix("10.0.0.0/8"), netip.MustParseAddr("10.0.0.1")
	return n
}

// TestHosts has the neighbours of a container on all of its networks, but for the default one: those on the network that is its
// way come first, and those on others not at all.
func TestHosts(t *testing.T) {
	root := t.TempDir()
	address := netip.MustParseAddr
	me, web := strings.Repeat("0123456789abcdef", 4), strings.Repeat("fedcba9876543210", 4)
	for name, internal := range map[string]bool{"a": true, "b": false, "c": false} {
		if err := networks.Add(root, network(name, internal)); err != nil {
			t.Fatal(err)
		}
	}
	for name, ids := range map[string][]string{networks.Bridge: {me, web}, "a": {me}, "b": {me, web}, "c": {web}} {
		err := networks.Change(root, name, func(n *networks.Network) error {
			for i, id := range ids {
				e := networks.Endpoint{Name: map[string]string{me: "me", web: "web"}[id], Address: netip.AddrFrom4([4]byte{10, 0, name[0], byte(i)})}
				if name == "b" && id == web {
					e.Aliases, e.Hostname, e.Address6 = []string{"www"}, "host", address("fd00::1")
				}
				n.Endpoints[id], n.Leases[e.Address] = e, id
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := Hosts(root, me)
	if err != nil {
		t.Fatal(err)
	}
	want := []dns.Host{
		{Name: "me", Network: "b", Aliases: []string{"0123456789ab"}, Addresses: []netip.Addr{address("10.0.98.0")}},
		{Name: "web", Network: "b", Aliases: []string{"www", "fedcba987654", "host"}, Addresses: []netip.Addr{address("10.0.98.1"), address("fd00::1")}},
		{Name: "me", Network: "a", Aliases: []string{"0123456789ab"}, Addresses: []netip.Addr{address("10.0.97.0")}},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}
