package network

import (
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// inNetwork moves the test to a network namespace of its own, and opens a further one. Its thread is
// never unlocked: so it is thrown away afterwards, and the namespace with it.
func inNetwork(t *testing.T) (another *os.File) {
	t.Helper()
	runtime.LockOSThread()
	for range 2 {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Fatalf("make a network namespace: %v", err)
		}
		if another == nil {
			file, err := os.Open("/proc/thread-self/ns/net")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			another = file
		}
	}
	return another
}

// said runs a command line and returns what it prints, on one line.
func said(t *testing.T, line string) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", line).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

const mark = "drydock of /var/lib/drydock"

// TestKernelBridge makes the bridge, beside links and routes that are somebody else's.
func TestKernelBridge(t *testing.T) {
	for _, test := range []struct {
		host         string // how the host was set up
		name, reason string
		subnet       string
	}{
		{"true", "docker0", "", "172.17.0.0/16"},
		{"ip link add drydock-new type bridge", "docker0", "", "172.17.0.0/16"},
		{"ip link add docker0 type bridge; ip link set docker0 alias '" + mark + "'", "docker0", "", "172.17.0.0/16"},
		{
			"ip link add docker0 type bridge; ip address add 172.17.0.1/16 dev docker0; ip link set docker0 up",
			"drydock0", "docker0 is somebody else's, and the host has a route to 172.17.0.0/16 already", "172.18.0.0/16",
		},
		{
			"ip link add name vpn type bridge; ip link set vpn up; ip route add 172.16.0.0/12 dev vpn; ip route add default dev vpn",
			"docker0", "the host has a route to 172.17.0.0/16 already", "192.168.0.0/20",
		},
	} {
		t.Run(test.host, func(t *testing.T) {
			inNetwork(t)
			said(t, test.host)
			before := said(t, "ip -o link; ip -o address")
			b, reason, err := Bridge{}.Choose(mark)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.name, test.reason, test.subnet}, []string{b.Name, reason, b.Subnet.String()}); diff != "" {
				t.Error(diff)
			}
			if after := said(t, "ip -o link; ip -o address"); after != before {
				t.Errorf("to choose has changed the host: %s", cmp.Diff(before, after))
			}
			for range 2 {
				if err := b.Up(mark); err != nil {
					t.Fatal(err)
				}
				got := said(t, "ip -j link show up "+b.Name+" | jq .[].ifalias; ip -j -4 address show "+b.Name+" | jq -c '[.[].addr_info[] | .local, .prefixlen, .broadcast]'")
				want := `"` + mark + `" ["` + b.Gateway.String() + `",` + strconv.Itoa(b.Subnet.Bits()) + `,"` + last(b.Subnet).String() + `"]`
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
			if isThere, err := b.IsThere(mark); err != nil || !isThere {
				t.Errorf("it is there: %v, %v", isThere, err)
			}
			if isThere, err := b.IsThere("another"); err != nil || isThere {
				t.Errorf("it is another's: %v, %v", isThere, err)
			}
			again, reason, err := b.Choose(mark)
			if err != nil || again != b || test.reason == "" && reason != "" {
				t.Errorf("chosen again: %v, %q, %v", again, reason, err)
			}
			if got := said(t, "cat /proc/sys/net/ipv6/conf/"+b.Name+"/accept_ra; ip -6 -o address show "+b.Name); got != "0" {
				t.Errorf("accept_ra and IPv6 addresses: %s", got)
			}
			if got := said(t, "cat /proc/sys/net/ipv4/conf/"+b.Name+"/route_localnet; ls /sys/class/net | grep -c drydock-new || true"); got != "1 0" {
				t.Errorf("route_localnet and drafts: %s", got)
			}
		})
	}
}

// TestKernelUpForeign is to make a bridge where somebody else has one: that stays as it is.
func TestKernelUpForeign(t *testing.T) {
	inNetwork(t)
	b, _, err := Bridge{}.Choose(mark)
	if err != nil {
		t.Fatal(err)
	}
	said(t, "ip link add docker0 type bridge; ip link set docker0 alias 'drydock of /other'")
	before := said(t, "ip -o link; ip -o address")
	if err := b.Up(mark); err == nil || err.Error() != "the link docker0 is somebody else's: remove it (ip link del docker0), or try again" {
		t.Error(err)
	}
	if diff := cmp.Diff(before, said(t, "ip -o link; ip -o address")); diff != "" {
		t.Error(diff)
	}
}

// TestKernelChooseMasked wants a subnet by one of its addresses: that is no other subnet.
func TestKernelChooseMasked(t *testing.T) {
	inNetwork(t)
	b, reason, err := Bridge{Subnet: netip.MustParsePrefix("10.1.2.3/24")}.Choose(mark)
	if err != nil || b.Subnet.String() != "10.1.2.0/24" || reason != "" {
		t.Errorf("%v, because %q: %v", b, reason, err)
	}
}

// TestKernelPlug plugs a namespace in, and out; each of which can be done when it is done.
func TestKernelPlug(t *testing.T) {
	container := inNetwork(t)
	b, _, err := Bridge{}.Choose(mark)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Up(mark); err != nil {
		t.Fatal(err)
	}
	e := NewEndpoint(b, netip.MustParseAddr("172.17.0.2"), "0123456789abcdef")
	if err := Plug(container, e); err != nil {
		t.Fatal(err)
	}
	self := "nsenter --net=/proc/self/fd/0 "
	command := exec.Command("sh", "-c", self+"ip -j address show eth0 | jq -c '.[] | .address, [.addr_info[] | .local]'; "+self+"ip -o route")
	command.Stdin = container
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "\"02:42:ac:11:00:02\"\n[\"172.17.0.2\"]\ndefault via 172.17.0.1 dev eth0 \n172.17.0.0/16 dev eth0 proto kernel scope link src 172.17.0.2 \n"
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Error(diff)
	}
	if got := said(t, "ip -j link show master docker0 | jq -r .[].ifname"); got != e.Cable {
		t.Errorf("on the bridge is %q, want %s", got, e.Cable)
	}
	if got := said(t, "ip -d -j link show "+e.Cable+" | jq .[].linkinfo.info_slave_data.hairpin; cat /proc/sys/net/ipv6/conf/"+e.Cable+"/accept_ra; ip -6 -o address show "+e.Cable); got != "true 0" {
		t.Errorf("hairpin, accept_ra and IPv6 addresses of the host's end: %s", got)
	}
	said(t, "busybox ping -c 1 -W 2 172.17.0.2")
	if err := Plug(container, e); err == nil || !strings.HasSuffix(err.Error(), "file exists") {
		t.Errorf("plugged in twice: %v", err)
	}
	for range 2 {
		if err := Unplug(e.Cable); err != nil {
			t.Fatal(err)
		}
		if got := said(t, "ip -o link | grep -c veth || true"); got != "0" {
			t.Errorf("%s cables are left", got)
		}
	}
}
