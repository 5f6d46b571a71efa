package bridge_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/final/networks"
	"drydock/final/networks/bridge"
	"drydock/final/networks/create"
	"drydock/final/networks/remove"
	"drydock/final/networks/testnet"
	"drydock/internal/flags"
)

// made makes a network of a command line.
func made(t *testing.T, root, line string) networks.Network {
	t.Helper()
	var v create.Values
	rest, err := flags.Parse(create.Flags(&v), strings.Fields(line))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create.Create(root, rest[0], v, func(string) {}); err != nil {
		t.Fatal(err)
	}
	n, err := networks.Find(root, rest[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// up has the default network of a state root be there, and returns the notes.
func up(root string) (notes []string, err error) {
	return notes, networks.Change(root, networks.Bridge, func(n *networks.Network) error {
		return bridge.Default(root, n, netip.Prefix{}, func(text string) { notes = append(notes, text) })
	})
}

// TestKernelTheirs has somebody else make a link of the name that a network's bridge has had before the machine was booted. It is
// neither used nor removed, nor are rules about it.
func TestKernelTheirs(t *testing.T) {
	testnet.Host(t)
	root, theirs := t.TempDir(), t.TempDir()
	n := made(t, root, "--subnet 10.1.0.0/24 -o com.docker.network.bridge.name=br-mine mine")
	testnet.Host(t) // another one: as after a boot
	made(t, theirs, "--subnet 10.1.0.0/24 -o com.docker.network.bridge.name=br-mine theirs")
	look := func() string { return testnet.Sh(t, "ip -o link show br-mine | grep -o 'alias.*'; nft list ruleset") }
	before := look()
	if err := bridge.Up(root, n, func(string) {}); err == nil || !strings.Contains(err.Error(), "the link br-mine is somebody else's") {
		t.Errorf("another's bridge is used: %v", err)
	}
	if _, err := remove.Network(root, "mine", false); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Errorf("what is theirs has changed: %s", diff)
	}
	if _, err := os.Stat(filepath.Join(root, "networks", "mine")); !os.IsNotExist(err) {
		t.Errorf("the network is still there: %v", err)
	}
}

// TestKernelForget has the rules of the default bridge stay if that is another state root's by now.
func TestKernelForget(t *testing.T) {
	testnet.Host(t)
	first, second := t.TempDir(), t.TempDir()
	if _, err := up(first); err != nil {
		t.Fatal(err)
	}
	testnet.Sh(t, "ip link del docker0")
	if _, err := up(second); err != nil {
		t.Fatal(err)
	}
	look := func() string { return testnet.Sh(t, "nft list ruleset | grep 'on docker0'") }
	before := look()
	notes, err := up(first)
	if diff := cmp.Diff([]string{"docker0 is somebody else's, and the host has a route to 172.17.0.0/16 already: the bridge is drydock0, with 172.18.0.0/16"}, notes); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Errorf("what is the second one's has changed: %s", diff)
	}
	// But where nobody has that bridge, its rules go.
	testnet.Sh(t, "ip link del docker0; ip link del drydock0")
	if _, err := up(first); err != nil {
		t.Fatal(err)
	}
	if got := testnet.Sh(t, "nft list ruleset | grep -c 'on drydock0' || true"); got != "0" {
		t.Errorf("%s rules of a bridge that has gone", got)
	}
}

// TestKernelAlone has a bridge be chosen and made while no other state root does so.
func TestKernelAlone(t *testing.T) {
	testnet.Host(t)
	testnet.Sh(t, "ip link add docker0 type bridge")
	namespace := testnet.Current(t)
	notes := 0
	note := func(string) {
		notes++
		err := unix.Flock(int(namespace.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			t.Errorf("somebody else may do so: %v", errors.Join(err, unix.Flock(int(namespace.Fd()), unix.LOCK_UN)))
		}
	}
	root := t.TempDir()
	if _, err := create.Create(root, "mine", create.Values{}, note); err != nil || notes != 1 {
		t.Errorf("%d notes: %v", notes, err)
	}
	if err := networks.Change(root, networks.Bridge, func(n *networks.Network) error { return bridge.Default(root, n, netip.Prefix{}, note) }); err != nil || notes != 2 {
		t.Errorf("%d notes: %v", notes, err)
	}
}

// TestKernelClosed has rules be refused: then there is no bridge, which would be open.
func TestKernelClosed(t *testing.T) {
	testnet.Host(t)
	testnet.Sh(t, "nft 'add table ip drydock; add chain ip drydock theirs'")
	if _, err := up(t.TempDir()); err == nil || !strings.Contains(err.Error(), "the table is somebody else's") {
		t.Errorf("the rules are not refused: %v", err)
	}
	if got := testnet.Sh(t, "ip -o link show type bridge"); got != "" {
		t.Errorf("there is a bridge: %s", got)
	}
}
