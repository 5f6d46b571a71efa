package rules

import (
	"net/netip"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// inNetwork moves the test to a network namespace of its own. Its thread is never unlocked: so it is
// thrown away afterwards, and the namespace with it.
func inNetwork(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
}

// listed is what nft says that the kernel has: the rules of our table as "chain: rule".
func listed(t *testing.T) (rules []string) {
	t.Helper()
	out, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatalf("nft: %v: %s", err, out)
	}
	chain := ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if name, found := strings.CutPrefix(line, "chain "); found {
			chain = strings.TrimSuffix(name, " {")
		} else if strings.Contains(line, "comment") {
			rules = append(rules, chain+": "+line)
		}
	}
	return rules
}

// networks are two networks, of which the second one has IPv6.
func networks() [][]Rule {
	return [][]Rule{
		Network("docker0", netip.MustParsePrefix("172.17.0.0/16")),
		Network("br-six", netip.MustParsePrefix("fd00:60::/64")),
		Publish("c0ffee", web), Publish("six", webSix), Links("c0ffee", links), Links("six", linksSix),
	}
}

var webSix = []Port{{"tcp", netip.MustParseAddrPort("[2001:db8::1]:8080"), netip.MustParseAddrPort("[fd00:60::2]:80")}}

// links are those of the recipient 172.17.0.2.
var links = []Link{
	{netip.MustParseAddr("172.17.0.2"), netip.MustParseAddrPort("172.17.0.3:5432"), "tcp"},
	{netip.MustParseAddr("172.17.0.2"), netip.MustParseAddrPort("172.17.0.4:53"), "udp"},
	{netip.MustParseAddr("172.17.0.2"), netip.MustParseAddrPort("172.17.0.4:7"), "sctp"},
}

var linksSix = []Link{{netip.MustParseAddr("fd00:60::2"), netip.MustParseAddrPort("[fd00:60::3]:5432"), "tcp"}}

var web = []Port{
	{"tcp", netip.MustParseAddrPort("0.0.0.0:8080"), netip.MustParseAddrPort("172.17.0.2:80")},
	{"udp", netip.MustParseAddrPort("127.0.0.1:8081"), netip.MustParseAddrPort("172.17.0.2:81")},
}

// TestKernelRules has nft read what we have written: what the kernel understood is what we say, to
// --explain too.
func TestKernelRules(t *testing.T) {
	inNetwork(t)
	all := slices.Concat(networks()...)
	for range 2 { // the second time changes nothing
		for _, rules := range networks() {
			if err := Apply(rules); err != nil {
				t.Fatal(err)
			}
		}
		var want []string
		for _, r := range all {
			want = append(want, r.Chain+": "+r.text())
		}
		if diff := cmp.Diff(counted(want), counted(listed(t))); diff != "" {
			t.Errorf("rules (-ours +the kernel's):\n%s", diff)
		}
	}
}

// TestKernelShell gives our shell forms to nft: that makes the same rules as we do.
func TestKernelShell(t *testing.T) {
	inNetwork(t)
	all := slices.Concat(networks()...)
	for _, six := range []family{false, true} {
		for _, chain := range six.chains() {
			if out, err := exec.Command("sh", "-c", "nft "+six.declaration(chain)).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", six.declaration(chain), err, out)
			}
		}
	}
	made, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range all {
		if out, err := exec.Command("sh", "-c", "nft "+r.String()).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", r, err, out)
		}
		want = append(want, r.Chain+": "+r.text())
	}
	if diff := cmp.Diff(counted(want), counted(listed(t))); diff != "" {
		t.Errorf("nft made (-want +got):\n%s", diff)
	}
	// The chains that we make are these, at the same hooks.
	inNetwork(t)
	for _, six := range []family{false, true} {
		if err := six.put("nothing", nil); err != nil {
			t.Fatal(err)
		}
	}
	own, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(made), string(own)); diff != "" {
		t.Errorf("chains (-nft's +ours):\n%s", diff)
	}
}

// counted is a list in which the order does not matter.
func counted(list []string) map[string]int {
	count := map[string]int{}
	for _, line := range list {
		count[line]++
	}
	return count
}

// TestKernelWithdraw takes away one container's rules, in a firewall with another's, and somebody else's.
func TestKernelWithdraw(t *testing.T) {
	inNetwork(t)
	if err := Withdraw("c0ffee"); err != nil {
		t.Fatalf("where there is no table: %v", err)
	}
	if out, err := exec.Command("nft", "add table ip theirs { chain published { tcp dport 80 drop comment \"container c0ffee\"; }; }").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := Apply(Publish("c0ffee", web)); err != nil {
		t.Fatal(err)
	}
	if err := Apply(Publish("c0ffee", webSix)); err != nil {
		t.Fatal(err)
	}
	if err := Apply(Publish("beef", web[:1])); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Withdraw("c0ffee"); err != nil {
			t.Fatal(err)
		}
		want := []string{`published: tcp dport 80 drop comment "container c0ffee"`, `published: tcp dport 8080 dnat to 172.17.0.2:80 comment "container beef"`}
		if diff := cmp.Diff(want, listed(t)); diff != "" {
			t.Error(diff)
		}
	}
}

// nft has nft do something.
func nft(t *testing.T, command string) {
	t.Helper()
	if out, err := exec.Command("nft", command).CombinedOutput(); err != nil {
		t.Fatalf("nft %s: %v: %s", command, err, out)
	}
}

// TestKernelEnsure has rules be there of which some have gone, or none.
func TestKernelEnsure(t *testing.T) {
	network := Network("docker0", netip.MustParsePrefix("172.17.0.0/16"))
	for _, lost := range []string{"list ruleset", "flush chain ip drydock raw", "flush chain ip drydock forward", "flush ruleset"} {
		t.Run(lost, func(t *testing.T) {
			inNetwork(t)
			if err := Ensure(network); err != nil {
				t.Fatal(err)
			}
			want := listed(t)
			nft(t, lost)
			if err := Ensure(network); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, listed(t)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKernelVacate has rules be there for a port and an address whose containers have died, which nobody took away. The port's
// next holder goes first; whoever has the address next has none of them.
func TestKernelVacate(t *testing.T) {
	inNetwork(t)
	if err := Apply(Publish("dead", web)); err != nil {
		t.Fatal(err)
	}
	next := Port{"tcp", web[0].Host, netip.MustParseAddrPort("172.17.0.3:80")}
	if err := Apply(Publish("next", []Port{next})); err != nil {
		t.Fatal(err)
	}
	lives := `published: tcp dport 8080 dnat to 172.17.0.3:80 comment "container next"`
	if rules := listed(t); len(rules) != 3 || rules[0] != lives {
		t.Errorf("the rules of the dead come first: %q", rules)
	}
	for range 2 {
		if err := Vacate(netip.MustParseAddr("172.17.0.2")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{lives}, listed(t)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestKernelLinks has links end with either of the two: what is left is that of another source, and another recipient's.
func TestKernelLinks(t *testing.T) {
	others := []Link{{netip.MustParseAddr("172.17.0.5"), netip.MustParseAddrPort("172.17.0.3:5432"), "tcp"}}
	of := func(all ...[]Rule) (texts []string) {
		for _, r := range slices.Concat(all...) {
			texts = append(texts, r.Chain+": "+r.text())
		}
		return texts
	}
	for name, c := range map[string]struct {
		end  func() error
		want []string
	}{
		"nobody":            {func() error { return nil }, of(Links("c0ffee", links), Links("beef", others))},
		"the recipient":     {func() error { return Vacate(links[0].Recipient) }, of(Links("beef", others))},
		"a source":          {func() error { return Vacate(netip.MustParseAddr("172.17.0.3")) }, of(Links("c0ffee", links[1:]))},
		"one that is moved": {func() error { return Apply(Links("c0ffee", links[:1])) }, of(Links("c0ffee", links[:1]), Links("beef", others))},
	} {
		t.Run(name, func(t *testing.T) {
			inNetwork(t)
			for _, rules := range [][]Rule{Links("c0ffee", links), Links("beef", others)} {
				if err := Apply(rules); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.end(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(counted(c.want), counted(listed(t))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestKernelForeign has somebody else's table be called as ours: it stays as it is.
func TestKernelForeign(t *testing.T) {
	for _, theirs := range []string{
		"chain input { type filter hook input priority 0; tcp dport 23 drop; }",
		"chain raw { type filter hook prerouting priority 0; tcp dport 23 drop; }",
	} {
		inNetwork(t)
		nft(t, "add table ip drydock { "+theirs+"; }")
		before, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		for _, rules := range [][]Rule{Network("docker0", netip.MustParsePrefix("172.17.0.0/16")), Publish("c0ffee", web)} {
			if err := Ensure(rules); err == nil || !strings.Contains(err.Error(), ": the table is somebody else's, with a chain ") {
				t.Errorf("%s: %v", theirs, err)
			}
		}
		after, err := exec.Command("nft", "list", "ruleset").CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(before), string(after)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestKernelMany changes the table in many threads at once: in the end nothing is left.
func TestKernelMany(t *testing.T) {
	inNetwork(t)
	ours, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ours)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			runtime.LockOSThread() // and never unlocked: see inNetwork
			if err := unix.Setns(ours, unix.CLONE_NEWNET); err != nil {
				t.Error(err)
				return
			}
			id := string(rune('a' + i))
			ports := make([]Port, 30)
			for j := range ports {
				ports[j] = Port{"tcp", netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(1000*i+j+1)), netip.MustParseAddrPort("172.17.0.2:80")}
			}
			for range 10 {
				if err := Apply(Publish(id, ports)); err != nil {
					t.Error(err)
				}
				if err := Withdraw(id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if left := listed(t); len(left) > 0 {
		t.Errorf("%d rules are left: %q", len(left), left[0])
	}
}
