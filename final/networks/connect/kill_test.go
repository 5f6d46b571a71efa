package connect

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/networks"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/testnet"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/port"
)

var killed = Container{
	ID: strings.Repeat("0123456789abcdef", 4), Name: "web",
	Ports: []port.Mapping{{Host: netip.MustParseAddrPort("0.0.0.0:8080"), Container: 80, Protocol: "tcp"}},
}

// TestMain is the test, or the process that TestKernelKilled kills: it has a container come to networks and go, and says so each time.
func TestMain(m *testing.M) {
	root := os.Getenv("DRYDOCK_TEST_ROOT")
	if root == "" {
		os.Exit(m.Run()) //nolint:forbidigo // as the testing package wants it
	}
	runtime.LockOSThread()
	h := Host{Root: root, Note: func(string) {}, Alive: func(string) bool { return true }}
	for {
		fmt.Println(comeAndGo(h))
	}
}

// comeAndGo does all that a container may do, one after the other.
func comeAndGo(h Host) error {
	host, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer host.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	namespace, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer namespace.Close()
	if err := testnet.Enter(host); err != nil {
		return err
	}
	places, err := h.Reserve(killed, []endpoint.Wish{on("one"), on("two")})
	if err != nil {
		return err
	}
	fmt.Println("reserved")
	err = Plug(namespace, killed, places)
	fmt.Println("plugged")
	_, joined := h.Join(namespace, killed, on("three"))
	fmt.Println("joined")
	err = errors.Join(err, joined, h.Leave(namespace, killed, "one"))
	fmt.Println("left")
	return errors.Join(err, h.Release("two", killed.ID), h.Release("three", killed.ID))
}

// TestKernelKilled kills who has a container come and go, at any point. What is published leads to an address that is the
// container's; and all of it is gone when the next one looks, or the container itself is started again.
func TestKernelKilled(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 two", "--subnet 10.3.0.0/24 three")
	rounds := 24
	if os.Getenv("DRYDOCK_VM") != "" { // where the processor is emulated
		rounds = 6
	}
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "DRYDOCK_TEST_ROOT="+w.Root)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range round%6 + 1 { // then it goes on to the next step, and is somewhere in there
			lines.Scan()
			if text := lines.Text(); !strings.Contains("reserved plugged joined left <nil>", text) || text == "" {
				t.Error(text)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		w.leads()
		if round%2 == 0 {
			continue // the next round is the container itself
		}
		for _, name := range []string{"one", "two", "three"} {
			if err := w.Sweep(name); err != nil {
				t.Error(err)
			}
		}
		if got := testnet.Sh(t, "ip -o link show type veth; nft list chain ip drydock published | grep dnat || true; jq -c '.leases | select(. != {})' "+w.Root+"/networks/*"); got != "" {
			t.Errorf("round %d: what is left: %s", round, got)
		}
	}
}

// TestKernelOrder stops who disconnects a container where it is about to give the address back: the container's port leads elsewhere by then.
func TestKernelOrder(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 two")
	namespace, _ := w.start(killed, on("one"), on("two"))
	held, err := lease.Lock(w.Root, "one")
	if err != nil {
		t.Fatal(err)
	}
	own, ended := testnet.Current(t), make(chan struct{})
	go func() {
		defer close(ended)
		w.each(own, 1, func(int) error { return w.Leave(namespace, killed, "one") })
	}()
	got := ""
	for deadline := time.Now().Add(10 * time.Second); got != "dnat to 10.2.0.2:80" && time.Now().Before(deadline); {
		got = testnet.Sh(t, "nft list chain ip drydock published | grep -o 'dnat to .*:80'")
	}
	if got != "dnat to 10.2.0.2:80" {
		t.Error(got)
	}
	if err := held.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

// leads checks where published ports lead.
func (w world) leads() {
	w.Helper()
	address := testnet.Sh(w.T, "nft list chain ip drydock published | grep -o 'dnat to [0-9.]*' | cut -d ' ' -f 3 || true")
	if address == "" {
		return
	}
	all, err := networks.List(w.Root)
	if err != nil {
		w.Fatal(err)
	}
	holder := ""
	for _, n := range all {
		holder += n.Leases[netip.MustParseAddr(address)]
	}
	if holder != killed.ID {
		w.Errorf("the container's port leads to %s, which is %q's: another one may get it", address, holder)
	}
}
