package create

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"drydock/final/networks"
	"drydock/final/networks/remove"
	"drydock/final/networks/testnet"
)

// TestMain is the test, or the process that TestKernelKilled kills: it makes networks and removes them, and says so each time.
func TestMain(m *testing.M) {
	root := os.Getenv("DRYDOCK_TEST_ROOT")
	if root == "" {
		os.Exit(m.Run()) //nolint:forbidigo // as the testing package wants it
	}
	for i := 0; ; i++ {
		name := fmt.Sprint("n", i%3)
		_, _ = Create(root, name, Values{IPv6: true}, func(string) {}) // it may be there
		fmt.Println("made")
		_, err := remove.Network(root, name, false)
		fmt.Println("removed", err)
	}
}

// TestKernelKilled kills who makes and removes networks, at any point. After that each bridge and each rule belongs to a network that
// there is; and each of these can be removed, or used, as if nothing had happened.
func TestKernelKilled(t *testing.T) {
	testnet.Host(t)
	root := t.TempDir()
	for round := range 30 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "DRYDOCK_TEST_ROOT="+root)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range round%4 + 1 { // then it goes on to the next step, and is somewhere in there
			lines.Scan()
			if text := lines.Text(); text != "made" && text != "removed <nil>" {
				t.Error(text)
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		belongs(t, root)
	}
	all, err := networks.List(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		if !networks.IsPredefined(n.Name) {
			if _, err := remove.Network(root, n.Name, false); err != nil {
				t.Error(err)
			}
		}
	}
	if got := testnet.Sh(t, "ls "+root+"/networks; ip -o link | grep -o 'br-[0-9a-f]*' || true; nft list ruleset | grep -o 'on br-[0-9a-f]*' || true"); got != "" {
		t.Errorf("what is left: %s", got)
	}
}

// belongs checks that each bridge, and each rule, is that of a network.
func belongs(t *testing.T, root string) {
	t.Helper()
	all, err := networks.List(root)
	if err != nil {
		t.Fatal(err)
	}
	bridges := map[string]bool{}
	for _, n := range all {
		bridges[n.Bridge.Name] = true
	}
	for _, name := range strings.Fields(testnet.Sh(t, "ip -o link | grep -o 'br-[0-9a-f]*' || true; nft list ruleset | grep -o 'br-[0-9a-f]*' || true")) {
		if !bridges[name] {
			t.Errorf("%s belongs to no network", name)
		}
	}
}
