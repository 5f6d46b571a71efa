package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/stage6-network/network"
)

// pool is one of a subnet, with its gateway at the first address.
func pool(subnet string) *Pool {
	p := netip.MustParsePrefix(subnet)
	return &Pool{Bridge: network.Bridge{Subnet: p, Gateway: p.Addr().Next()}, Leases: map[netip.Addr]string{}}
}

// TestTake takes and gives back by a script: the lowest free address each time, as a Docker 29 does.
func TestTake(t *testing.T) {
	p := pool("10.0.0.0/29")
	var got []string
	for step := range strings.FieldsSeq("+a +b -a +c +d -c -d +e +f +g +h") {
		id := step[1:]
		if step[0] == '-' {
			p.Free(id)
			continue
		}
		address, err := p.Take(id)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id+" "+address.String())
	}
	if diff := cmp.Diff([]string{"a 10.0.0.2", "b 10.0.0.3", "c 10.0.0.2", "d 10.0.0.4", "e 10.0.0.2", "f 10.0.0.4", "g 10.0.0.5", "h 10.0.0.6"}, got); diff != "" {
		t.Error(diff)
	}
	// The last one, .7, is for everybody in the subnet.
	_, err := p.Take("i")
	if err == nil || err.Error() != "no available IPv4 addresses on this network's address pools: 10.0.0.0/29 has 5 containers: remove one, or use --network none" {
		t.Errorf("a full pool: %v", err)
	}
	p.Free("nobody")
	if len(p.Leases) != 5 {
		t.Errorf("%d leases, want 5", len(p.Leases))
	}
}

func TestDead(t *testing.T) {
	p := pool("10.0.0.0/24")
	for _, id := range []string{"one", "two", "three", "one"} {
		if _, err := p.Take(id); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"one", "three"}, p.Dead(func(id string) bool { return id == "two" })); diff != "" {
		t.Error(diff)
	}
}

// id is that of a container, of 64 digits.
func id(name string) string { return fmt.Sprintf("%064x", name) }

// with changes the pool of a root.
func with(t *testing.T, root string, change func(*Pool) error) {
	t.Helper()
	if err := Change(root, "bridge", change); err != nil {
		t.Error(err)
	}
}

// TestChange has a hundred at once take addresses: all are different; and five hundred more give back
// what they take: no address is lost.
func TestChange(t *testing.T) {
	root := t.TempDir()
	with(t, root, func(p *Pool) error { p.Bridge = pool("172.17.0.0/16").Bridge; return nil })
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			with(t, root, func(p *Pool) error { _, err := p.Take(id(fmt.Sprint(i))); return err })
			for j := range 5 {
				id := id(fmt.Sprint(i, "-", j))
				with(t, root, func(p *Pool) error { _, err := p.Take(id); return err })
				with(t, root, func(p *Pool) error { p.Free(id); return nil })
			}
		})
	}
	all.Wait()
	with(t, root, func(p *Pool) error {
		holders := map[string]bool{}
		for _, id := range p.Leases {
			holders[id] = true
		}
		if len(p.Leases) != 100 || len(holders) != 100 {
			t.Errorf("%d leases of %d containers, want 100", len(p.Leases), len(holders))
		}
		return nil
	})
	entries, err := os.ReadDir(filepath.Join(root, "networks"))
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, want the file and its lock: %v", entries, err)
	}
}

// TestRefused has a change fail: nothing has changed.
func TestRefused(t *testing.T) {
	root, no := t.TempDir(), errors.New("no")
	with(t, root, func(p *Pool) error { p.Bridge = pool("10.0.0.0/24").Bridge; return nil })
	err := Change(root, "bridge", func(p *Pool) error {
		p.Name = "other"
		if _, err := p.Take("one"); err != nil {
			t.Error(err)
		}
		return no
	})
	if !errors.Is(err, no) {
		t.Error(err)
	}
	with(t, root, func(p *Pool) error {
		if p.Name != "" || len(p.Leases) != 0 {
			t.Errorf("it has changed: %v", p)
		}
		return nil
	})
}

// TestBoot reads what was written before the machine was booted: the network is the same, and the leases are void.
func TestBoot(t *testing.T) {
	root := t.TempDir()
	with(t, root, func(p *Pool) error {
		p.Bridge = pool("10.0.0.0/24").Bridge
		_, err := p.Take(id("one"))
		return err
	})
	path := filepath.Join(root, "networks", "bridge")
	pool, err := Read(root, "bridge")
	if err != nil || len(pool.Leases) != 1 {
		t.Fatalf("%v: %v", pool, err)
	}
	pool.Boot = "another"
	if err := write(path, pool); err != nil {
		t.Fatal(err)
	}
	with(t, root, func(p *Pool) error {
		if len(p.Leases) != 0 || p.Subnet != netip.MustParsePrefix("10.0.0.0/24") || p.Boot == "another" {
			t.Errorf("after booting: %v", p)
		}
		return nil
	})
}

// TestDamaged reads files that somebody has changed by hand: what cannot be is refused, and what is only left open is not.
func TestDamaged(t *testing.T) {
	root := t.TempDir()
	with(t, root, func(*Pool) error { return nil })
	path := filepath.Join(root, "networks", "bridge")
	for text, want := range map[string]string{
		`{`:                             "unexpected end of JSON input",
		`{}`:                            "",
		`{"subnet":"10.9.8.0/29"}`:      "",
		`{"bridge":"docker0"}`:          "the bridge docker0 has no gateway",
		`{"subnet":"fd00::/64"}`:        "the subnet fd00::/64 is none of IPv4",
		`{"leases":{"10.0.0.2":"one"}}`: `10.0.0.2 is leased to "one", which is no container`,
		`{"bridge":"docker0","subnet":"10.0.0.0/24","gateway":"10.0.1.1"}`: "the gateway 10.0.1.1 is not in the subnet 10.0.0.0/24",
		`{"bridge":"docker0","subnet":"10.0.0.0/24","gateway":"10.0.0.9"}`: "",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if want != "" {
			want = path + ": " + want + ": correct it, or remove it when no container runs"
		}
		got := ""
		if err := Change(root, "bridge", func(*Pool) error { return nil }); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// TestAlone has two wait for the same: the second comes when the first has gone.
func TestAlone(t *testing.T) {
	first, err := Alone()
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer namespace.Close()
	if err := unix.Flock(int(namespace.Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("somebody else gets it too: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := Alone()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// TestMore has what others know of a network stay, whatever is changed of its leases.
func TestMore(t *testing.T) {
	root := t.TempDir()
	with(t, root, func(p *Pool) error {
		*p = *pool("10.0.0.0/24")
		p.More = json.RawMessage(`{"labels":{"a":"1"}}`)
		return nil
	})
	with(t, root, func(p *Pool) error {
		_, err := p.Take(id("one"))
		return err
	})
	p, err := Read(root, "bridge")
	if err != nil {
		t.Fatal(err)
	}
	var more any
	if err := json.Unmarshal(p.More, &more); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"labels": map[string]any{"a": "1"}}, more); diff != "" || len(p.Leases) != 1 {
		t.Errorf("%d leases, and more:\n%s", len(p.Leases), diff)
	}
}
