package connect

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"drydock/final/networks/endpoint"
	"drydock/final/networks/testnet"
	"drydock/stage6-network/port"
)

// crowd is how many come at once, and how often each comes and goes after that: fewer where the processor is emulated.
func crowd() (many, times int) {
	if os.Getenv("DRYDOCK_VM") != "" {
		return 12, 2
	}
	return 100, 5
}

// each calls f for each of as many as there are, all at once, on threads of their own in the test's network namespace own.
func (w world) each(own *os.File, many int, f func(i int) error) {
	w.Helper()
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread is thrown away
			if err := errors.Join(testnet.Enter(own), f(i)); err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
}

// one is the container of a number, which publishes a port.
func one(i int) Container {
	c := container(fmt.Sprint("c", i), port.Mapping{Host: netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(8000+i)), Container: 80, Protocol: "tcp"})
	c.ID = fmt.Sprintf("%064x", i)
	return c
}

// TestKernelCrowd has a hundred containers come to two networks at once: by the kernel's account each has addresses of its own. Then each goes
// and comes to one of them again, five times, five hundred in all, and goes for good: nothing is left, but for what was there before.
func TestKernelCrowd(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 --ipv6 two")
	w.Alive = func(string) bool { return true }
	look := func() string {
		return testnet.Sh(t, "ls -A "+w.Root+"/networks; jq -c .leases,.more.endpoints "+w.Root+"/networks/*; ip -j link | jq -r .[].ifname; nft list ruleset")
	}
	gone := one(1000)
	w.start(gone, on("one"), on("two")) // what stays after the first one is there
	leave := func(c Container) error { return errors.Join(w.Release("one", c.ID), w.Release("two", c.ID)) }
	if err := leave(gone); err != nil {
		t.Fatal(err)
	}
	before := look()
	own := testnet.Current(t)
	many, times := crowd()
	spaces := make([]*os.File, many)
	for i := range spaces {
		spaces[i] = testnet.New(t)
	}
	come := func(i int, wishes ...endpoint.Wish) error {
		places, err := w.Reserve(one(i), wishes)
		return errors.Join(err, Plug(spaces[i], one(i), places))
	}
	w.each(own, many, func(i int) error { return come(i, on("one"), on("two")) })
	taken := map[string]bool{}
	for _, namespace := range spaces {
		for _, address := range strings.Fields(testnet.In(t, namespace, "ip -j address | jq -r '.[1:][].addr_info[] | select(.scope == \"global\") | .local'")) {
			taken[address] = true
		}
	}
	if len(taken) != 3*many { // two of IPv4, one of IPv6
		t.Errorf("%d containers have %d addresses", many, len(taken))
	}
	if got := testnet.Sh(t, "nft list chain ip drydock published | grep -o 'dnat to .*:80' | sort -u | wc -l"); got != fmt.Sprint(many) {
		t.Errorf("ports lead to %s addresses", got)
	}
	w.each(own, many, func(i int) (err error) {
		for range times {
			err = errors.Join(err, leave(one(i)), come(i, on("one")))
		}
		return errors.Join(err, leave(one(i)))
	})
	if after := look(); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
}
