package resolve

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/dns"
	"drydock/final/dns/resolvconf"
	"drydock/final/networks"
)

// network is one whose name is one hexadecimal digit.
func network(name string, internal bool) networks.Network {
	n := networks.Network{Name: name, More: networks.More{ID: strings.Repeat(name, 64), Internal: internal}}
	n.Bridge.Name = "br-" + name
	n.Subnet, n.Gateway = netip.MustParsePrefix("10.0.0.0/8"), netip.MustParseAddr("10.0.0.1")
	return n
}

// TestInternal has a container ask by the host as long as it is on a network that has a way out, and not otherwise. Servers that the
// user names it asks itself.
func TestInternal(t *testing.T) {
	root, id := t.TempDir(), strings.Repeat("0123456789abcdef", 4)
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	upstream := Server{Root: root, ID: id, Config: resolvconf.Parse("/etc/resolv.conf", "nameserver 127.0.0.1\n")}.upstream()
	asks := func() bool {
		conn, err := upstream[0].Dial(t.Context(), "udp", server.LocalAddr().String())
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	for _, step := range []struct {
		network  string
		internal bool
		want     bool
	}{{"a", true, false}, {"b", true, false}, {"c", false, true}} {
		if err := networks.Add(root, network(step.network, step.internal)); err != nil {
			t.Fatal(err)
		}
		if err := networks.Change(root, step.network, func(n *networks.Network) error {
			address := netip.MustParseAddr("10.0.0.2")
			n.Leases[address], n.Endpoints[id] = id, networks.Endpoint{Address: address}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := asks(); got != step.want {
			t.Errorf("on %s too, it asks outside: %v", step.network, got)
		}
	}
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
