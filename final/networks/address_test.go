package networks

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/stage6-network/lease"
	"drydock/stage6-network/network"
)

// example is a network with room for four containers: its range has eight addresses, of which one is the gateway's, one is the
// last of the subnet, and two are reserved.
func example() *Network {
	return &Network{
		Name: "mynet",
		Pool: lease.Pool{Leases: map[netip.Addr]string{}, Bridge: network.Bridge{
			Name: "br-mine", Subnet: netip.MustParsePrefix("10.1.0.0/28"), Gateway: netip.MustParseAddr("10.1.0.8"),
		}},
		More: More{
			ID: strings.Repeat("c0ffee", 11)[:64], Range: netip.MustParsePrefix("10.1.0.8/29"), Subnet6: netip.MustParsePrefix("fd00:1::/126"), Gateway6: netip.MustParseAddr("fd00:1::1"),
			Reserved: map[string]netip.Addr{"router": netip.MustParseAddr("10.1.0.9"), "printer": netip.MustParseAddr("10.1.0.12")},
		},
	}
}

// TestTake gives out what is in the range, lowest first, and by wish what is in the subnet; and then says that all is taken.
func TestTake(t *testing.T) {
	n := example()
	var got []string
	for _, want := range []string{"", "10.1.0.11", "", "10.1.0.2", "", "", "10.1.0.8", "10.1.0.9", "10.1.0.15", "10.1.0.0", "10.1.0.2", "10.2.0.1"} {
		var wanted netip.Addr
		if want != "" {
			wanted = netip.MustParseAddr(want)
		}
		address, err := n.Take("id"+want, wanted)
		if err != nil {
			text, _, _ := strings.Cut(err.Error(), ": ")
			got = append(got, text)
			continue
		}
		got = append(got, address.String())
	}
	want := []string{
		"10.1.0.10", "10.1.0.11", "10.1.0.13", "10.1.0.2", "10.1.0.14", "no available IPv4 addresses on this network's address pools",
		"Address already in use", "Address already in use", "Address already in use", "Address already in use", "Address already in use", "invalid endpoint settings",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(n.Leases) != 5 {
		t.Errorf("%d leases, want 5: %v", len(n.Leases), n.Leases)
	}
}

// TestTake6 finds the last addresses of a small subnet, whichever is tried first.
func TestTake6(t *testing.T) {
	n := example()
	for _, id := range []string{"one", "two"} {
		if address, err := n.Take6(id, netip.Addr{}); err != nil || !n.Subnet6.Contains(address) || n.Leases[address] != id {
			t.Errorf("%s: %v, %v", id, address, err)
		}
	}
	if _, err := n.Take6("three", netip.Addr{}); err == nil || !strings.HasPrefix(err.Error(), "no available IPv6 addresses") {
		t.Errorf("a third one in %s: %v", n.Subnet6, err)
	}
	if len(n.Leases) != 2 {
		t.Errorf("leases: %v", n.Leases)
	}
	n.Subnet6 = netip.MustParsePrefix("fd00:1::/64")
	first, err := n.Take6("one more", netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	delete(n.Leases, first)
	if again, err := n.Take6("one more", netip.Addr{}); err != nil || again != first {
		t.Errorf("the same container gets %v, %v, and had %v", again, err, first)
	}
}

// TestDecode has an endpoint be void whose lease is: the machine was booted, or stage 6 has taken it back.
func TestDecode(t *testing.T) {
	n := example()
	n.Endpoints = map[string]Endpoint{
		"here": {Address: netip.MustParseAddr("10.1.0.2")}, "gone": {Address: netip.MustParseAddr("10.1.0.3")}, "another's": {Address: netip.MustParseAddr("10.1.0.4")},
	}
	n.Leases[netip.MustParseAddr("10.1.0.2")] = "here"
	n.Leases[netip.MustParseAddr("10.1.0.4")] = "other"
	var pool lease.Pool
	if err := n.encode(&pool); err != nil {
		t.Fatal(err)
	}
	got, err := decode("mynet", pool)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]Endpoint{"here": n.Endpoints["here"]}, got.Endpoints, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}
