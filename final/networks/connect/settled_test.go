package connect

import (
	"net/netip"
	"strings"
	"testing"

	"drydock/final/networks"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/testnet"
)

// TestKernelAddress has the default network be where the administrator says, as soon as no container has an address of another.
func TestKernelAddress(t *testing.T) {
	w := newWorld(t)
	w.start(container("a"), on("bridge"))
	w.Address = netip.MustParsePrefix("10.9.0.254/24")
	if _, err := w.Reserve(container("b"), []endpoint.Wish{on("bridge")}); err == nil || !strings.Contains(err.Error(), "bip is 10.9.0.254/24, and the bridge docker0 has 172.17.0.0/16") {
		t.Fatalf("where a container has an address: %v", err)
	}
	w.alive[container("a").ID] = false
	b, places := w.start(container("b"), on("bridge"))
	if got := places[0].Endpoint.Address.String(); got != "10.9.0.1" || !w.reaches(b, "10.9.0.254") {
		t.Errorf("the container is %s", got)
	}
	if got := testnet.Sh(t, "ip -o -4 address show docker0"); !strings.Contains(got, "10.9.0.254/24") || strings.Contains(got, "172.17") {
		t.Errorf("the bridge has %s", got)
	}
	if got := testnet.Sh(t, "nft list ruleset | grep -c 172.17 || true"); got != "0" {
		t.Errorf("%s rules of the subnet before are left", got)
	}
	// It is there already.
	if _, places := w.start(container("c"), on("bridge")); places[0].Network.Gateway != netip.MustParseAddr("10.9.0.254") {
		t.Errorf("the next has %v", places[0].Network.Gateway)
	}
}

// TestKernelAddressTaken has the host have a route to that subnet: nothing else is taken for it.
func TestKernelAddressTaken(t *testing.T) {
	w := newWorld(t)
	testnet.Sh(t, "ip link add other type veth peer name another; ip address add 10.9.0.7/16 dev other; ip link set other up; ip link set another up")
	w.Address = netip.MustParsePrefix("10.9.0.1/24")
	if _, err := w.Reserve(container("a"), []endpoint.Wish{on("bridge")}); err == nil || !strings.Contains(err.Error(), "the host has a route to 10.9.0.0/24 already: choose another") {
		t.Errorf("%v", err)
	}
}

// TestKernelSilentDefault has containers of the default network not reach each other, and reach each other again.
func TestKernelSilentDefault(t *testing.T) {
	w := newWorld(t)
	w.Silent = true
	a, _ := w.start(container("a"), on("bridge"))
	w.start(container("b"), on("bridge"))
	if w.reaches(a, "172.17.0.3") || !w.reaches(a, "172.17.0.1") {
		t.Error("it reaches the other, or not the host")
	}
	n, err := networks.Find(w.Root, "bridge")
	if err != nil || n.Options[networks.OptionICC] != "false" {
		t.Errorf("what network inspect shows: %v, %v", n.Options, err)
	}
	w.Silent = false
	w.start(container("c"), on("bridge"))
	if !w.reaches(a, "172.17.0.3") {
		t.Error("it does not reach the other, though the host's settings are others now")
	}
}
