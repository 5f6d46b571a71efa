package connect

import (
	"fmt"
	"net/netip"
	"os"
	"testing"

	"drydock/final/networks/endpoint"
	"drydock/final/networks/testnet"
	"drydock/stage6-network/rules"
)

// TestKernelInternal has no way out of an internal network, nor into it, though the container makes itself a route.
func TestKernelInternal(t *testing.T) {
	w := newWorld(t, "--internal --subnet 10.1.0.0/24 inner", "--subnet 10.2.0.0/24 --ipv6 --subnet fd00:2::/64 open", "--subnet 10.3.0.0/24 -o com.docker.network.bridge.enable_ip_masquerade=false plain")
	outside := testnet.New(t)
	testnet.Sh(t, "ip link add outside type veth peer name eth0; ip address add 10.9.0.1/24 dev outside; ip link set outside up")
	ns := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), outside.Fd())
	testnet.Sh(t, "ip link set eth0 netns "+ns)
	testnet.Sh(t, "ip address add fd09::1/64 dev outside nodad")
	testnet.In(t, outside, "ip address add 10.9.0.2/24 dev eth0; ip address add fd09::2/64 dev eth0 nodad; ip link set eth0 up; ip route add 10.1.0.0/24 via 10.9.0.1; ip route add fd00:2::/64 via fd09::1")
	testnet.In(t, outside, "nft 'table ip6 test { chain input { type filter hook input priority 0; ip6 saddr fd00:2::/64 drop; }; }'") // it is to bear the host's address
	testnet.In(t, outside, "nft 'table ip test { chain input { type filter hook input priority 0; ip saddr 10.1.0.2 counter; }; }'")
	inner, _ := w.start(container("a"), on("inner"))
	testnet.In(t, inner, "ip route add default via 10.1.0.1")
	open, places := w.start(container("b"), on("open"))
	plain, _ := w.start(container("c"), on("plain"))
	for name, test := range map[string]struct {
		from    *os.File
		to      string
		reached bool
	}{
		"from inside": {inner, "10.9.0.2", false}, "to its gateway": {inner, "10.1.0.1", true}, "into it": {outside, "10.1.0.2", false},
		"from an open one": {open, "10.9.0.2", true}, "by IPv6": {open, "fd09::2", true}, "into that": {outside, places[0].Endpoint.Address6.String(), false}, "whose address nobody knows": {plain, "10.9.0.2", false},
	} {
		if got := w.reaches(test.from, test.to); got != test.reached {
			t.Errorf("%s: reached: %v", name, got)
		}
	}
	if got := testnet.In(t, outside, "nft list table ip test | grep -o 'packets [0-9]*'"); got != "packets 0" {
		t.Errorf("of the internal network's, outside there are %s", got)
	}
	testnet.In(t, outside, "ip route add 10.3.0.0/24 via 10.9.0.1")
	if !w.reaches(plain, "10.9.0.2") {
		t.Error("outside knows the way back to the network without masquerading, and does not answer")
	}
}

// TestKernelSilent has enable_icc=false keep containers of one network from each other, and from nothing else.
func TestKernelSilent(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 --ipv6 --subnet fd00:1::/64 -o com.docker.network.bridge.enable_icc=false silent", "--subnet 10.2.0.0/24 talking")
	a, _ := w.start(container("a"), on("silent"), on("talking"))
	b, places := w.start(container("b"), on("silent"), on("talking"))
	if w.reaches(a, "10.1.0.3") || w.reaches(b, "10.1.0.2") || w.reaches(a, places[0].Endpoint.Address6.String()) {
		t.Error("containers of the silent network reach each other")
	}
	if !w.reaches(a, "10.2.0.3") || !w.reaches(b, "10.1.0.1") {
		t.Error("they do not reach what they should")
	}
}

// TestKernelLinked has a link let a recipient through to one port of a source, where they do not reach each other: that way, by that
// port, and as long as both are there. What somebody does to the network meanwhile does not matter.
func TestKernelLinked(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 -o com.docker.network.bridge.enable_icc=false silent")
	source, from := w.start(container("a"), on("silent"))
	recipient, to := w.start(container("b"), on("silent"))
	third, _ := w.start(container("c"), on("silent"))
	w.serve(source, "source")
	w.serve(recipient, "recipient")
	hears := func(namespace *os.File, address string) bool {
		_, err := testnet.Try(namespace, "busybox timeout 1 busybox nc "+address+" 80")
		return err == nil
	}
	link := func(port uint16) {
		t.Helper()
		links := []rules.Link{{Recipient: to[0].Endpoint.Address, Source: netip.AddrPortFrom(from[0].Endpoint.Address, port), Protocol: "tcp"}}
		if err := rules.Apply(rules.Links(container("b").ID, links)); err != nil {
			t.Fatal(err)
		}
	}
	if hears(recipient, "10.1.0.2") {
		t.Fatal("it reaches the source without a link")
	}
	link(80)
	testnet.Sh(t, "nft flush chain ip drydock forward")
	if _, err := w.Reserve(container("d"), []endpoint.Wish{on("silent")}); err != nil { // who brings the rules back
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		from    *os.File
		to      string
		reached bool
	}{
		"the recipient": {recipient, "10.1.0.2", true}, "the source": {source, "10.1.0.3", false}, "a third": {third, "10.1.0.2", false},
	} {
		if got := hears(test.from, test.to); got != test.reached {
			t.Errorf("%s: reached: %v", name, got)
		}
	}
	link(81)
	if hears(recipient, "10.1.0.2") {
		t.Error("it reaches port 80, and the link is to port 81 now")
	}
	link(80)
	if err := w.Release("silent", container("a").ID); err != nil {
		t.Fatal(err)
	}
	if got := testnet.Sh(t, "nft list chain ip drydock linked | grep -c 10.1.0 || true"); got != "0" {
		t.Errorf("%s links to a source that has gone are left", got)
	}
}
