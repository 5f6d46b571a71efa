package connect

import (
	"errors"
	"fmt"
	"net"
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
	"drydock/internal/flags"
	"drydock/stage6-network/port"
)

// A world is a host in a network namespace of the test's own, with its networks.
type world struct {
	*testing.T
	Host
	alive map[string]bool
}

// newWorld makes one with networks of these command lines. The test's thread is never unlocked: so it is thrown
// away afterwards, and the namespace with it.
func newWorld(t *testing.T, lines ...string) world {
	t.Helper()
	testnet.Host(t)
	w := world{T: t, alive: map[string]bool{}}
	w.Host = Host{Root: t.TempDir(), Note: func(string) {}, Alive: func(id string) bool { return w.alive[id] }}
	// As where br_netfilter is loaded, or not yet: nobody has switched it on.
	testnet.Sh(t, "! test -e /proc/sys/net/bridge || sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0")
	for _, line := range lines {
		var v create.Values
		rest, err := flags.Parse(create.Flags(&v), strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := create.Create(w.Root, rest[0], v, w.Note); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// serve has a server listen at port 80 in a namespace, and say something to whoever comes.
func (w world) serve(namespace *os.File, text string) {
	w.Helper()
	var listener net.Listener
	testnet.Within(w.T, namespace, func() (err error) {
		listener, err = net.Listen("tcp4", ":80")
		return err
	})
	w.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test has ended
			}
			fmt.Fprint(conn, text)
			conn.Close()
		}
	}()
}

// container makes one called name.
func container(name string, ports ...port.Mapping) Container {
	return Container{ID: strings.Repeat(fmt.Sprintf("%x", name), 32)[:64], Name: name, Hostname: name, Ports: ports}
}

// start starts a container on networks.
func (w world) start(c Container, wishes ...endpoint.Wish) (*os.File, []Place) {
	w.Helper()
	places, err := w.Reserve(c, wishes)
	if err != nil {
		w.Fatal(err)
	}
	w.alive[c.ID] = true
	namespace := testnet.New(w.T)
	if err := Plug(namespace, c, places); err != nil {
		w.Fatal(err)
	}
	return namespace, places
}

func on(name string) endpoint.Wish { return endpoint.Wish{Network: name} }

// reaches tells whether one namespace gets an answer of an address.
func (w world) reaches(from *os.File, address string) bool {
	_, err := testnet.Try(from, "busybox ping -c 1 -W 1 "+address)
	return err == nil
}

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
