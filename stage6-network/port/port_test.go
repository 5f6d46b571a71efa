package port

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// recorded is what a real Docker says; testdata/record.sh makes it.
//
//go:embed testdata/recorded.txt
var recorded string

// elsewhere are the arguments to which Docker's answer is not ours, each with the reason.
var elsewhere = map[string]string{
	"80:80/sctp": "its kernel had no such protocol, which is for drydock here",
}

// TestAsDocker gives Parse what was given to a Docker. What that refuses is refused, with the last part
// of its error in ours. What it takes is taken, or is said to be for drydock.
func TestAsDocker(t *testing.T) {
	count := 0
	for line := range strings.Lines(recorded) {
		spec, said, isCase := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !isCase || elsewhere[spec] != "" {
			continue
		}
		count++
		_, err := Parse(spec)
		last := said[strings.LastIndex(said, ": ")+1:]
		switch {
		case said == "ok" && err != nil && !strings.Contains(err.Error(), "is for drydock"):
			t.Errorf("-p %q: %v, and Docker takes it", spec, err)
		case said != "ok" && err == nil:
			t.Errorf("-p %q is taken, and Docker says %s", spec, said)
		case said != "ok" && !strings.Contains(err.Error(), strings.TrimSpace(last)):
			t.Errorf("-p %q: %v, and Docker says %s", spec, err, said)
		}
	}
	if count < 35 {
		t.Errorf("%d cases were recorded, want 35 at least", count)
	}
}

func mapping(host string, container uint16, protocol string) Mapping {
	return Mapping{netip.MustParseAddrPort(host), container, protocol}
}

var compareAddresses = cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })

func TestParse(t *testing.T) {
	for spec, want := range map[string]Mapping{
		"8080:80":               mapping("0.0.0.0:8080", 80, "tcp"),
		"8080:80/udp":           mapping("0.0.0.0:8080", 80, "udp"),
		"8080:80/UDP":           mapping("0.0.0.0:8080", 80, "udp"),
		"127.0.0.1:8080:80":     mapping("127.0.0.1:8080", 80, "tcp"),
		"[127.0.0.1]:8080:80":   mapping("127.0.0.1:8080", 80, "tcp"),
		"127.0.0.1:8080:80/tcp": mapping("127.0.0.1:8080", 80, "tcp"),
		"65535:65535":           mapping("0.0.0.0:65535", 65535, "tcp"),
	} {
		got, err := Parse(spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		if diff := cmp.Diff(want, got, compareAddresses); diff != "" {
			t.Errorf("%s: %s", spec, diff)
		}
	}
	for spec, want := range map[string]string{
		"224.0.0.1:80:80":       "invalid IP address: 224.0.0.1: give one of the host's",
		"255.255.255.255:80:80": "invalid IP address: 255.255.255.255: give one of the host's",
		"80":                    "this stage publishes a port that you choose: 80 is for drydock: give HOST:CONTAINER",
		":80":                   "this stage publishes a port that you choose: :80 is for drydock: give HOST:CONTAINER",
		"1-2:1-2":               "this stage publishes single ports: the range 1-2 is for drydock",
		"[::1]:80:80":           "this stage publishes IPv4 addresses: [::1]:80:80 is for drydock",
	} {
		if _, err := Parse(spec); err == nil || err.Error() != want {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

func TestFind(t *testing.T) {
	all := []Mapping{mapping("0.0.0.0:8080", 80, "tcp"), mapping("0.0.0.0:8081", 80, "udp"), mapping("127.0.0.1:8082", 80, "tcp")}
	for spec, want := range map[string][]Mapping{
		"80": {all[0], all[2]}, "80/tcp": {all[0], all[2]}, "80/udp": {all[1]}, "81": {}, "8080": {},
	} {
		got, err := Find(all, spec)
		if err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		if diff := cmp.Diff(want, got, compareAddresses); diff != "" {
			t.Errorf("%s: %s", spec, diff)
		}
	}
}

// unused is an address of which nobody has the port.
func unused(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	return listener.Addr().String()
}

// TestHold takes all of the ports or none, and takes them from everybody.
func TestHold(t *testing.T) {
	other, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	taken := other.Addr().String()
	both := []Mapping{mapping(unused(t), 80, "tcp"), mapping(unused(t), 80, "udp")}
	free, err := Hold(both)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range both {
		want := fmt.Sprintf("Bind for %[1]s failed: port is already allocated: choose another, or end what has it: a program (ss -lnp 'sport = %[2]d'), or a container (see the command port)", m.Host, m.Host.Port())
		if _, err := Hold([]Mapping{m}); err == nil || err.Error() != want {
			t.Errorf("%s: %v", m, err)
		}
	}
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(append(both, mapping(taken, 80, "tcp"))); err == nil {
		t.Fatal("a port that somebody has was held")
	}
	again, err := Hold(both)
	if err != nil {
		t.Fatalf("of ports that were not all free, some were kept: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Hold([]Mapping{mapping("203.0.113.9:80", 80, "tcp")}); err == nil || !strings.HasPrefix(err.Error(), "failed to bind host port 203.0.113.9:80/tcp: cannot assign requested address") {
		t.Errorf("an address that is not the host's: %v", err)
	}
}

// TestHoldRefuses connects to a port that is held: nobody answers there, and so it says at once.
func TestHoldRefuses(t *testing.T) {
	address := unused(t)
	held, err := Hold([]Mapping{mapping(address, 80, "tcp")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := net.DialTimeout("tcp4", address, 10*time.Second); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("to connect: %v, want that it is refused", err)
	}
	if other, err := net.Listen("tcp4", address); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("to listen too: %v %v, want that it is in use", other, err)
	}
	if err := held.Close(); err != nil {
		t.Error(err)
	}
}
