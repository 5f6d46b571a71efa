package connect

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"drydock/final/networks/create"
	"drydock/final/networks/endpoint"
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

// path is by which the commands of the test find a namespace.
func path(namespace *os.File) string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), namespace.Fd())
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
