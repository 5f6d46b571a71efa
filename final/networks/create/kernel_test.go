package create

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"drydock/final/filter"
	"drydock/final/networks"
	"drydock/final/networks/bridge"
	"drydock/final/networks/remove"
	"drydock/final/networks/show"
	"drydock/final/networks/testnet"
	"drydock/internal/flags"
)

// try makes a network of a command line.
func try(t *testing.T, root, line string) (notes []string, err error) {
	t.Helper()
	var v Values
	rest, err := flags.Parse(Flags(&v), strings.Fields(line))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Create(root, rest[0], v, func(text string) { notes = append(notes, text) })
	return notes, err
}

// state is all that a network consists of: files, links, addresses and rules; but not what the kernel finds out on its
// own after a while, such as that no cable is plugged in.
func state(t *testing.T, root string) string {
	t.Helper()
	return testnet.Sh(t, "ls "+root+"/networks; ip -o link | sed 's/NO-CARRIER,//; s/ state [A-Z]*//'; ip -o address | sed 's/ tentative//'; nft list ruleset")
}

// TestKernelCreate has the kernel have what was wanted, and nothing of it once it is removed.
func TestKernelCreate(t *testing.T) {
	testnet.Host(t)
	root := t.TempDir()
	if _, err := try(t, root, "first"); err != nil { // with the tables, which stay
		t.Fatal(err)
	}
	if _, err := try(t, root, "--ipv6 six"); err != nil {
		t.Fatal(err)
	}
	if _, err := remove.Network(root, "six", false); err != nil {
		t.Fatal(err)
	}
	before := state(t, root)
	notes, err := try(t, root, "--subnet 10.1.0.0/24 --ipv6 --subnet fd00:1::/64 --gateway fd00:1::9 -o com.docker.network.bridge.name=br-mine -o com.docker.network.driver.mtu=1400 mine")
	if err != nil || notes != nil {
		t.Fatalf("%v, notes %q", err, notes)
	}
	got := testnet.Sh(t, `ip -j address show br-mine | jq -c '.[] | .mtu, [.addr_info[] | select(.scope == "global") | .local, .prefixlen]'; nft list ruleset | grep -c br-mine; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding`)
	if diff := cmp.Diff(`1400 ["10.1.0.1",24,"fd00:1::9",64] 15 1 1`, got); diff != "" {
		t.Error(diff)
	}
	if _, err := remove.Network(root, "mine", false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, state(t, root)); diff != "" {
		t.Errorf("what is left (-before +after):\n%s", diff)
	}
}

// TestKernelForward has the host pass on what is for others only if there is a network that has a way out.
func TestKernelForward(t *testing.T) {
	testnet.Host(t)
	root := t.TempDir()
	testnet.Sh(t, "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0")
	for _, step := range []struct{ line, want string }{{"--internal --ipv6 inner", "0 0 0"}, {"plain", "1 0 1"}, {"--ipv6 six", "1 1 1"}, {"more", "1 1 0"}} {
		notes, err := try(t, root, step.line)
		if err != nil {
			t.Fatal(err)
		}
		if got := testnet.Sh(t, fmt.Sprint("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding; echo ", len(notes))); got != step.want {
			t.Errorf("%s: %s, want %s: %q", step.line, got, step.want, notes)
		}
	}
}

// TestKernelRefused leaves everything as it was, whatever is wrong.
func TestKernelRefused(t *testing.T) {
	testnet.Host(t)
	root := t.TempDir()
	for _, line := range []string{"--subnet 10.1.0.0/24 there", "--ipv6 --subnet fd00:1::/64 -o com.docker.network.bridge.name=br-mine six"} {
		if _, err := try(t, root, line); err != nil {
			t.Fatal(err)
		}
	}
	testnet.Sh(t, "ip link add theirs type bridge")
	before := state(t, root)
	for line, want := range map[string]string{
		"--subnet 10.1.0.128/25 new":                           "Pool overlaps with other one on this address space",
		"--ipv6 --subnet fd00:1::/48 new":                      "Pool overlaps with other one on this address space",
		"--ipv6 --subnet fd00:1::/48 --subnet 10.2.0.0/24 new": "Pool overlaps with other one on this address space",
		"there": "network with name there already exists",
		"-o com.docker.network.bridge.name=br-mine new":                            "networks have same bridge name",
		"-o com.docker.network.bridge.name=theirs new":                             "the link theirs is there already",
		"-o com.docker.network.bridge.name=docker0 new":                            "that name is for the bridge of the default network",
		"-o com.docker.network.bridge.name=drydock3 new":                           "that name is for the bridge of the default network",
		"-o com.docker.network.bridge.name=drydock-new new":                        "that name is for the bridge of the default network",
		"-o com.docker.network.bridge.name=all new":                                "the kernel has another use for that name",
		"-o com.docker.network.bridge.name=default new":                            "the kernel has another use for that name",
		"-o com.docker.network.bridge.name=br%d new":                               "a link's name has",
		"-o com.docker.network.bridge.name=br;reboot new":                          "a link's name has",
		"--subnet 10.3.0.0/24 --gateway 10.4.0.1 new":                              "no matching subnet for gateway 10.4.0.1",
		"-o com.docker.network.driver.mtu=9 new":                                   "invalid MTU number",
		"--subnet 10.3.0.0/24 -o com.docker.network.bridge.name=drydock-new/x new": "a link's name has",
	} {
		if _, err := try(t, root, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	if diff := cmp.Diff(before, state(t, root)); diff != "" {
		t.Errorf("what has changed:\n%s", diff)
	}
}

// TestKernelDamaged has the file of one network, and that of the default one, be damaged: others are made, shown and removed, and the
// damaged one is named.
func TestKernelDamaged(t *testing.T) {
	testnet.Host(t)
	root := t.TempDir()
	if _, err := try(t, root, "good"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bad", networks.Bridge} {
		if err := os.WriteFile(filepath.Join(root, "networks", name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := try(t, root, "new"); err != nil {
		t.Error(err)
	}
	if _, err := try(t, root, "bad"); err == nil || !strings.Contains(err.Error(), "network with name bad already exists") {
		t.Errorf("another one of that name: %v", err)
	}
	rows, err := show.List(root, filter.Set{}, false)
	if err != nil {
		t.Error(err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Driver+" "+row.Name)
	}
	if diff := cmp.Diff([]string{"damaged bad", "damaged bridge", "bridge good", "host host", "bridge new", "null none"}, names); diff != "" {
		t.Error(diff)
	}
	if _, err := remove.Network(root, "new", false); err != nil {
		t.Error(err)
	}
	if _, err := remove.Network(root, "bad", true); err == nil || !strings.Contains(err.Error(), "networks/bad: unexpected end of JSON input: correct it, or remove it") {
		t.Errorf("the damaged one: %v", err)
	}
	removed, err := remove.Prune(root, filter.Set{}, time.Now(), func(string) bool { return false })
	if diff := cmp.Diff([]string{"good"}, removed); diff != "" || err == nil || !strings.Contains(err.Error(), "networks/bad") {
		t.Errorf("%v: %s", err, diff)
	}
}

// TestKernelHalf has the kernel refuse what Create asks for in the end: the file that was written goes again.
func TestKernelHalf(t *testing.T) {
	testnet.Host(t)
	root := t.TempDir()
	for _, line := range []string{"first", "--ipv6 six"} { // with the tables, which stay
		if _, err := try(t, root, line); err != nil {
			t.Fatal(err)
		}
	}
	testnet.Sh(t, "sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1")
	before := state(t, root)
	if _, err := try(t, root, "--ipv6 new"); err == nil || !strings.Contains(err.Error(), "ip address replace") {
		t.Errorf("IPv6 where there is none: %v", err)
	}
	if diff := cmp.Diff(before, state(t, root)); diff != "" {
		t.Errorf("what is left:\n%s", diff)
	}
}

// TestKernelAfterwards is what is there after a boot, or a kill between two steps: a file, of which Up makes the rest, and
// which can be removed.
func TestKernelAfterwards(t *testing.T) {
	root := t.TempDir()
	testnet.Host(t)
	if _, err := try(t, root, "--subnet 10.1.0.0/24 mine"); err != nil {
		t.Fatal(err)
	}
	for _, then := range []func(n networks.Network) error{
		func(n networks.Network) error { return bridge.Up(root, n, func(string) {}) },
		func(networks.Network) error { return nil },
	} {
		testnet.Host(t) // another one: as after a boot
		n, err := networks.Find(root, "mine")
		if err != nil {
			t.Fatal(err)
		}
		if err := then(n); err != nil {
			t.Fatal(err)
		}
	}
	if removed, err := remove.Network(root, "mine", false); err != nil || !removed {
		t.Errorf("removed: %v, %v", removed, err)
	}
	if _, err := os.Stat(filepath.Join(root, "networks", "mine")); !os.IsNotExist(err) {
		t.Errorf("the file: %v", err)
	}
}
