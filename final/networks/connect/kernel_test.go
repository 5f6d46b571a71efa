package connect

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/networks/create"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/testnet"
	"drydock/stage6-network/port"
)

// TestKernelIsolated has two containers reach each other if they share a network, by IPv4 and IPv6, and not otherwise,
// even if they know the way. What one has published, the other one reaches.
func TestKernelIsolated(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 --ipv6 --subnet fd00:1::/64 one", "--subnet 10.2.0.0/24 --ipv6 --subnet fd00:2::/64 two")
	web := port.Mapping{Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: 80, Protocol: "tcp"}
	a, _ := w.start(container("a"), on("one"))
	b, bs := w.start(container("b", web), on("two"))
	both, boths := w.start(container("c"), on("two"), on("one"))
	six := func(p Place) string { return p.Endpoint.Address6.String() }
	for _, test := range []struct {
		from    *os.File
		to      string
		reached bool
	}{
		{a, "10.2.0.2", false},
		{a, "10.1.0.3", true}, // both
		{b, "10.1.0.2", false},
		{b, "10.2.0.3", true},
		{both, "10.1.0.2", true},
		{both, "10.2.0.2", true},
		{nil, "10.1.0.2", true}, // the host
		{a, six(bs[0]), false},
		{a, six(boths[0]), true},
		{b, six(boths[0]), false},
		{b, six(boths[1]), true},
		{both, six(bs[0]), true},
		{nil, six(bs[0]), true},
	} {
		if got := w.reaches(test.from, test.to); got != test.reached {
			t.Errorf("%s: reached: %v, want %v", test.to, got, test.reached)
		}
	}
	w.serve(b, "hello")
	if got := testnet.In(t, a, "busybox nc -w 5 10.1.0.1 8080 </dev/null"); got != "hello" {
		t.Errorf("by the published port: %q", got)
	}
	if got, err := testnet.Try(a, "busybox nc -w 1 10.2.0.2 80 </dev/null"); err == nil && got != "" {
		t.Errorf("past the published port: %q", got)
	}
}

// TestKernelWays compares routes and addresses with what Docker 29 made of the same (see testdata/docker.json). Which end is
// called eth0 differs there from one time to the next; here it does not.
func TestKernelWays(t *testing.T) {
	w := newWorld(t, "--subnet 10.50.0.0/24 s1", "--subnet 10.52.0.0/24 --gateway 10.52.0.254 --ip-range 10.52.0.128/25 s3",
		"--subnet 172.18.0.0/16 plain", "--subnet 10.62.0.0/24 --ipv6 --subnet fd00:62::/64 v6both", "--internal --subnet 172.21.0.0/16 inner")
	const look = "ip -j route | jq -r '.[] | [.dst, .gateway // .prefsrc, .dev] | join(\" \")'"
	high := on("s1")
	high.Priority = 1
	for i, test := range []struct {
		wishes []endpoint.Wish
		want   string
	}{
		{[]endpoint.Wish{on("s3"), on("s1")}, "default 10.50.0.1 eth0 10.50.0.0/24 10.50.0.2 eth0 10.52.0.0/24 10.52.0.128 eth1"},
		{[]endpoint.Wish{high, on("plain")}, "default 10.50.0.1 eth1 10.50.0.0/24 10.50.0.2 eth1 172.18.0.0/16 172.18.0.2 eth0"},
		{[]endpoint.Wish{on("s1"), on("v6both")}, "default 10.62.0.1 eth1 10.50.0.0/24 10.50.0.2 eth0 10.62.0.0/24 10.62.0.2 eth1"},
		{[]endpoint.Wish{on("inner"), on("s1")}, "default 10.50.0.1 eth1 10.50.0.0/24 10.50.0.2 eth1 172.21.0.0/16 172.21.0.2 eth0"},
		{[]endpoint.Wish{on("inner")}, "172.21.0.0/16 172.21.0.2 eth0"},
	} {
		c := container(fmt.Sprint("c", i))
		namespace, places := w.start(c, test.wishes...)
		if diff := cmp.Diff(test.want, testnet.In(t, namespace, look)); diff != "" {
			t.Errorf("%v (-Docker +ours):\n%s", test.wishes, diff)
		}
		for _, p := range places {
			if err := w.Release(p.Network.Name, c.ID); err != nil {
				t.Error(err)
			}
		}
	}
	if got := testnet.Sh(t, "ip -o link show type veth"); got != "" {
		t.Errorf("cables are left: %s", got)
	}
}

// TestKernelWishes has a container have the addresses that its user wishes, of all three kinds.
func TestKernelWishes(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 --ipv6 --subnet fd00:1::/64 mynet")
	wish := endpoint.Wish{Network: "mynet", Address: netip.MustParseAddr("10.1.0.77"), Address6: netip.MustParseAddr("fd00:1::77"), Hardware: "02:00:00:00:00:77"}
	namespace, _ := w.start(container("a"), wish)
	got := testnet.In(t, namespace, `ip -j address show eth0 | jq -r '.[] | .address, (.addr_info[] | select(.scope == "global") | .local)'`)
	if diff := cmp.Diff("02:00:00:00:00:77 10.1.0.77 fd00:1::77", got); diff != "" {
		t.Error(diff)
	}
	if _, err := w.Reserve(container("b"), []endpoint.Wish{wish}); err == nil || !strings.Contains(err.Error(), "Address already in use") {
		t.Errorf("another one who wishes the same: %v", err)
	}
}

// TestKernelForeign has a firewall of others drop what is forwarded: that is said, with the rules that are missing; and
// with these, containers reach the others.
func TestKernelForeign(t *testing.T) {
	w := newWorld(t)
	testnet.Sh(t, "iptables-nft -P FORWARD DROP; ip link add outside type veth peer name eth0; ip address add 10.9.0.1/24 dev outside; ip link set outside up")
	outside := testnet.New(t)
	testnet.Sh(t, fmt.Sprintf("ip link set eth0 netns /proc/%d/fd/%d", os.Getpid(), outside.Fd()))
	testnet.In(t, outside, "ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up")
	var v create.Values
	var notes []string
	if _, err := create.Create(w.Root, "mynet", v, func(text string) { notes = append(notes, text) }); err != nil {
		t.Fatal(err)
	}
	a, _ := w.start(container("a"), on("mynet"))
	if w.reaches(a, "10.9.0.2") {
		t.Error("the firewall drops nothing")
	}
	_, rules, found := strings.Cut(strings.Join(notes, "; "), "these rules: ")
	if !found {
		t.Fatalf("nobody says so: %q", notes)
	}
	testnet.Sh(t, rules)
	if !w.reaches(a, "10.9.0.2") {
		t.Errorf("with %s it does not reach the outside", rules)
	}
}

// TestKernelDefault has a container on the default network, which is stage 6's, and on one of its own; each is isolated
// from the other one.
func TestKernelDefault(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 mynet")
	testnet.Sh(t, "ip link add docker0 type bridge; ip address add 172.17.0.1/16 dev docker0; ip link set docker0 up")
	var notes []string
	w.Note = func(text string) { notes = append(notes, text) }
	a, places := w.start(container("a"), on("bridge"))
	b, _ := w.start(container("b"), on("mynet"))
	both, _ := w.start(container("c"), on("mynet"), on("bridge"))
	if diff := cmp.Diff([]string{"docker0 is somebody else's, and the host has a route to 172.17.0.0/16 already: the bridge is drydock0, with 172.18.0.0/16"}, notes); diff != "" {
		t.Error(diff)
	}
	if got := places[0].Endpoint.Address.String(); got != "172.18.0.2" || !w.reaches(both, got) || !w.reaches(both, "10.1.0.2") {
		t.Errorf("who is on both does not reach %s, or the other one", got)
	}
	if w.reaches(a, "10.1.0.2") || w.reaches(b, "172.18.0.2") {
		t.Error("they reach each other")
	}
}
