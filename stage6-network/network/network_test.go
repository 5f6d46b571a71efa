package network

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNames has the names and numbers that are made from others.
func TestNames(t *testing.T) {
	e := NewEndpoint(Bridge{}, netip.MustParseAddr("172.17.0.2"), "0123456789abcdef")
	if e.Cable != "veth0123456789a" || len(e.Cable) != 15 {
		t.Errorf("the cable is %s", e.Cable)
	}
	if mac := hardware(e.Address).String(); mac != "02:42:ac:11:00:02" {
		t.Errorf("the MAC address is %s", mac)
	}
	if all := last(netip.MustParsePrefix("172.17.0.1/16")).String(); all != "172.17.255.255" {
		t.Errorf("the last address is %s", all)
	}
}

// TestChoose gives subnets that are wanted, and routes that are there.
func TestChoose(t *testing.T) {
	prefixes := func(texts ...string) (all []netip.Prefix) {
		for _, text := range texts {
			all = append(all, netip.MustParsePrefix(text))
		}
		return all
	}
	for _, test := range []struct {
		wanted string
		routes []netip.Prefix
		want   string // subnet and gateway, or the error
	}{
		{"", nil, "172.17.0.0/16 172.17.0.1"},
		{"", prefixes("10.0.0.0/8", "172.16.0.0/16"), "172.17.0.0/16 172.17.0.1"},
		{"", prefixes("172.17.5.0/24"), "172.18.0.0/16 172.18.0.1"},
		{"", prefixes("172.16.0.0/12"), "192.168.0.0/20 192.168.0.1"},
		{"", prefixes("172.16.0.0/12", "192.168.0.0/17"), "192.168.128.0/20 192.168.128.1"},
		{"10.5.0.0/24", nil, "10.5.0.0/24 10.5.0.1"},
		{"10.5.0.7/24", nil, "10.5.0.0/24 10.5.0.1"},
		{"10.5.0.0/24", prefixes("10.0.0.0/8"), "172.17.0.0/16 172.17.0.1"},
		{"10.5.0.0/31", nil, "the subnet 10.5.0.0/31 has no room for a gateway and a container: /30 is the smallest"},
		{"", Pools(), "all predefined address pools have been fully subnetted: the host has a route to each of them: write another subnet to the network's file"},
	} {
		var b Bridge
		if test.wanted != "" {
			b.Subnet = netip.MustParsePrefix(test.wanted)
		}
		b, err := b.chooseSubnet(test.routes)
		got := fmt.Sprint(b.Subnet, " ", b.Gateway)
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s beside %v: %s", test.wanted, test.routes, diff)
		}
	}
	kept := Bridge{Subnet: netip.MustParsePrefix("10.5.0.0/24"), Gateway: netip.MustParseAddr("10.5.0.9")}
	if got, err := kept.chooseSubnet(nil); err != nil || got != kept {
		t.Errorf("a gateway that was given: %v, %v", got, err)
	}
}
