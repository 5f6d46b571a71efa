package connect

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/networks/create"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/remove"
	"drydock/final/networks/testnet"
	"drydock/stage6-network/port"
)

// TestKernelRunning connects a container that runs to further networks, and disconnects it, as Docker was asked to.
func TestKernelRunning(t *testing.T) {
	w := newWorld(t, "--subnet 10.50.0.0/24 s1", "--subnet 10.52.0.0/24 --gateway 10.52.0.254 s3", "--subnet 172.18.0.0/16 plain",
		"--subnet 172.26.0.0/16 --ipv6 --subnet fd00:60::/64 v6")
	web := container("web", port.Mapping{Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: 80, Protocol: "tcp"})
	namespace, _ := w.start(web, on("s1"))
	before := testnet.Sh(t, "ls "+w.Root+"/networks; ip -j link | jq -r .[].ifname; nft list ruleset")
	join := func(wish endpoint.Wish) error {
		_, err := w.Join(namespace, web, wish)
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	ways := func() string {
		return testnet.In(t, namespace, "ip -j route show default | jq -r '.[] | .gateway, .dev'; ip -j -6 route show default | jq -r '.[].gateway'; ip -j address | jq -r '.[1:][] | .ifname + \"=\" + .addr_info[0].local'") +
			" " + testnet.Sh(t, "nft list chain ip drydock published | grep -o 'dnat to.*:80'")
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "10.50.0.1 eth0 eth0=10.50.0.2 dnat to 10.50.0.2:80"},
		{func() { must(join(endpoint.Wish{Network: "s3", Address: netip.MustParseAddr("10.52.0.200")})) }, "10.50.0.1 eth0 eth0=10.50.0.2 eth1=10.52.0.200 dnat to 10.50.0.2:80"},
		{func() { must(join(on("plain"))) }, "172.18.0.1 eth2 eth0=10.50.0.2 eth1=10.52.0.200 eth2=172.18.0.2 dnat to 172.18.0.2:80"},
		{func() { must(join(endpoint.Wish{Network: "v6", Priority: 10})) }, "172.26.0.1 eth3 fd00:60::1 eth0=10.50.0.2 eth1=10.52.0.200 eth2=172.18.0.2 eth3=172.26.0.2 dnat to 172.26.0.2:80"},
		{func() { must(w.Leave(namespace, web, "v6")) }, "172.18.0.1 eth2 eth0=10.50.0.2 eth1=10.52.0.200 eth2=172.18.0.2 dnat to 172.18.0.2:80"},
		{func() { must(w.Leave(namespace, web, "s1")) }, "172.18.0.1 eth2 eth1=10.52.0.200 eth2=172.18.0.2 dnat to 172.18.0.2:80"},
		{func() { must(w.Leave(namespace, web, "plain")); must(join(on("s1"))) }, "10.50.0.1 eth0 eth1=10.52.0.200 eth0=10.50.0.2 dnat to 10.50.0.2:80"},
	} {
		step.do()
		if diff := cmp.Diff(step.want, ways()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for want, err := range map[string]error{
		"endpoint with name web already exists in network s3": join(on("s3")),
		"network nosuch not found":                            join(on("nosuch")),
		"no configured subnet contains IP address 10.99.0.1":  join(endpoint.Wish{Network: "plain", Address: netip.MustParseAddr("10.99.0.1")}),
		"Address already in use":                              join(endpoint.Wish{Network: "plain", Address: netip.MustParseAddr("172.18.0.1")}),
		"no configured subnet contains IP address fd00::1":    join(endpoint.Wish{Network: "plain", Address6: netip.MustParseAddr("fd00::1")}),
		"cannot connect container to host network":            join(on("host")),
		"in private (none) mode":                              join(on("none")),
		"is not connected to network v6":                      w.Leave(namespace, web, "v6"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	must(w.Leave(namespace, web, "s3"))
	if _, err := remove.Network(w.Root, "s1", true); err == nil || !strings.Contains(err.Error(), `network s1 has active endpoints (name:"web"`) {
		t.Errorf("removed with a container on it: %v", err)
	}
	after := testnet.Sh(t, "ls "+w.Root+"/networks; ip -j link | jq -r .[].ifname; nft list ruleset")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("what has changed:\n%s", diff)
	}
}

// TestKernelDead has the next one who comes to a network take back what a container has that was killed with its owner.
func TestKernelDead(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/29 small")
	var names []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		c := container(name)
		w.start(c, on("small"))
		names = append(names, c.ID)
	}
	if _, err := w.Reserve(container("f"), []endpoint.Wish{on("small")}); err == nil || !strings.Contains(err.Error(), "no available IPv4 addresses on this network's address pools") {
		t.Errorf("a full network: %v", err)
	}
	w.alive[names[2]] = false
	namespace, places := w.start(container("g"), on("small"))
	if got := places[0].Endpoint.Address.String(); got != "10.1.0.4" || !w.reaches(namespace, "10.1.0.2") {
		t.Errorf("the dead one's address is not taken: %s", got)
	}
	clear(w.alive)
	if err := w.Sweep("small"); err != nil {
		t.Fatal(err)
	}
	if _, err := remove.Network(w.Root, "small", false); err != nil {
		t.Error(err)
	}
	if got := testnet.Sh(t, "ip -o link | grep -c -e veth -e br- || true"); got != "0" {
		t.Errorf("%s links are left", got)
	}
	if _, err := os.Stat(filepath.Join(w.Root, "networks", "small")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// TestKernelAgain starts a container again that was killed with its owner, and that is to be on other networks now: what it had is gone,
// though it lives again.
func TestKernelAgain(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 two", "--subnet 10.3.0.0/24 three")
	web := container("web", port.Mapping{Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: 80, Protocol: "tcp"})
	w.start(web, on("one"), on("two"))
	_, places := w.start(web, on("two"), on("three"))
	now, err := w.Places(web.ID)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range now {
		names = append(names, p.Network.Name+"="+p.Endpoint.Address.String())
	}
	if diff := cmp.Diff([]string{"three=10.3.0.2", "two=10.2.0.2"}, names); diff != "" || len(places) != 2 {
		t.Error(diff)
	}
	if got := testnet.Sh(t, "ip -o link show type veth | wc -l; nft list chain ip drydock published | grep -o 'dnat.*:80'"); got != "2 dnat to 10.3.0.2:80" {
		t.Errorf("cables and ports: %s", got)
	}
}

// TestKernelRenamed has a container give its links other names: it is disconnected all the same.
func TestKernelRenamed(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 two")
	c := container("web")
	namespace, _ := w.start(c, on("one"), on("two"))
	testnet.In(t, namespace, "ip link set eth1 down; ip link set eth1 name mine")
	if err := w.Leave(namespace, c, "one"); err == nil || !strings.Contains(err.Error(), "find eth1 in the container") {
		t.Errorf("its way is by what it has not: %v", err)
	}
	if left, err := w.Places(c.ID); err != nil || len(left) != 1 {
		t.Errorf("%d places are left: %v", len(left), err)
	}
	if got := testnet.Sh(t, "ip -o link show type veth | wc -l"); got != "1" {
		t.Errorf("%s cables are left", got)
	}
}

// TestKernelMany has containers come to networks and leave them, while networks are made and removed: nobody waits for ever, no two
// have one address, and nothing is left.
func TestKernelMany(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 two")
	w.Alive = func(string) bool { return true }
	own := testnet.Current(t)
	var all sync.WaitGroup
	// on a thread of its own that is in the test's network namespace, and is never unlocked
	both := func(f func() error) {
		all.Go(func() {
			runtime.LockOSThread()
			if err := testnet.Enter(own); err != nil {
				t.Error(err)
				return
			}
			for range 8 {
				if err := f(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var taken sync.Map
	for i := range 6 {
		c := container(fmt.Sprintf("%d%d%d", i, i+1, i+2))
		both(func() error {
			places, err := w.Reserve(c, []endpoint.Wish{on("two"), on("one")})
			for _, p := range places {
				if other, isTaken := taken.LoadOrStore(p.Endpoint.Address, c.ID); isTaken {
					err = errors.Join(err, fmt.Errorf("%s is %s's and %s's", p.Endpoint.Address, c.ID, other))
				}
			}
			for _, p := range places {
				taken.Delete(p.Endpoint.Address)
				err = errors.Join(err, w.Release(p.Network.Name, c.ID))
			}
			return err
		})
	}
	for _, name := range []string{"three", "four"} {
		both(func() error {
			_, err := create.Create(w.Root, name, create.Values{}, func(string) {})
			_, failed := remove.Network(w.Root, name, false)
			return errors.Join(err, failed)
		})
	}
	all.Wait()
	for _, name := range []string{"one", "two"} {
		if _, err := remove.Network(w.Root, name, false); err != nil {
			t.Error(err)
		}
	}
	if got := testnet.Sh(t, "ip -o link | grep -c -e veth -e br- || true; nft list ruleset | grep -c comment || true"); got != "0 0" {
		t.Errorf("links and rules are left: %s", got)
	}
}
