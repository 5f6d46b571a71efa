package resolve

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"drydock/final/dns/resolvconf"
	"drydock/final/networks/connect"
	"drydock/final/networks/create"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/testnet"
)

// outside has a name server listen at the host's address, that knows all names.
func outside(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "172.17.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return // it is down
			}
			var m dnsmessage.Message
			if m.Unpack(buffer[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			q := m.Questions[0]
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}}
			}
			answer, _ := m.Pack() // it was unpacked just now
			_, _ = conn.WriteTo(answer, from)
		}
	}()
	return conn
}

// TestKernelResolve has a container find its neighbours by all of their names while it and they come and go, and names outside as
// long as there is somebody to ask.
func TestKernelResolve(t *testing.T) {
	testnet.Host(t)
	own := testnet.Current(t)
	root := t.TempDir()
	for _, name := range []string{"mynet", "other"} {
		if _, err := create.Create(root, name, create.Values{}, func(string) {}); err != nil {
			t.Fatal(err)
		}
	}
	h := connect.Host{Root: root, Alive: func(string) bool { return true }, Note: func(string) {}}
	start := func(name string, wishes ...endpoint.Wish) (connect.Container, *os.File) {
		t.Helper()
		c := connect.Container{ID: strings.Repeat(strings.Map(func(r rune) rune { return 'a' + r%6 }, name)+"0", 64)[:64], Name: name, Hostname: name + "host"}
		places, err := h.Reserve(c, wishes)
		if err != nil {
			t.Fatal(err)
		}
		namespace := testnet.New(t)
		if err := connect.Plug(namespace, c, places); err != nil {
			t.Fatal(err)
		}
		return c, namespace
	}
	web, webSpace := start("web", endpoint.Wish{Network: "mynet", Aliases: []string{"www"}})
	_, _ = start("hidden", endpoint.Wish{Network: "other"})
	asker, namespace := start("asker", endpoint.Wish{Network: "mynet"})

	upstream := outside(t)
	config := resolvconf.Config{}.With(resolvconf.Override{Servers: []netip.Addr{netip.MustParseAddr("172.17.0.1")}})
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error)
	// The host of the test is that of this thread only: so it asks from there.
	serving := Server{Root: root, ID: asker.ID, Namespace: namespace, Config: config}
	go func() {
		runtime.LockOSThread() // and is never unlocked
		ended <- errors.Join(testnet.Enter(own), serving.Serve(ctx, func() { close(ready) }))
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	ask := func(words ...string) string {
		t.Helper()
		return testnet.In(t, namespace, "dig +tries=1 +time=8 +short @127.0.0.11 "+strings.Join(words, " "))
	}
	expect := func(want string, words ...string) {
		t.Helper()
		if got := ask(words...); got != want {
			t.Errorf("%v: %q, want %q", words, got, want)
		}
	}
	for _, name := range []string{"web", "www", "webhost", web.ID[:12], "WEB", "web.mynet"} {
		expect("172.17.0.2", name)
	}
	expect("web.mynet.", "-x", "172.17.0.2")
	expect("172.17.0.3", "asker")
	expect("192.0.2.1", "there.example")
	if _, err := h.Join(namespace, asker, endpoint.Wish{Network: "other"}); err != nil {
		t.Fatal(err)
	}
	expect("172.18.0.2", "hidden")
	if err := h.Leave(namespace, asker, "mynet"); err != nil {
		t.Fatal(err)
	}
	upstream.Close()
	expect("", "web") // and nobody outside to ask
	expect("172.18.0.2", "hidden")
	if _, err := h.Join(namespace, asker, endpoint.Wish{Network: "mynet"}); err != nil {
		t.Fatal(err)
	}
	expect("172.17.0.2", "web")
	if err := h.Leave(webSpace, web, "mynet"); err != nil {
		t.Fatal(err)
	}
	expect("", "web")
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it goes on when it should have ended")
	}
}

// TestFile has the file be that of a container with a server of its own, or of one without.
func TestFile(t *testing.T) {
	config := resolvconf.Parse("/etc/resolv.conf", "nameserver 10.9.9.1\n")
	var bridge, mynet connect.Place
	bridge.Network.Name, mynet.Network.Name = "bridge", "mynet"
	for _, test := range []struct {
		places []connect.Place
		want   string
	}{
		{nil, "nameserver 10.9.9.1"}, {[]connect.Place{bridge}, "nameserver 10.9.9.1"}, {[]connect.Place{bridge, mynet}, "nameserver " + resolvconf.Local.String()},
	} {
		if got := File(config, test.places); !strings.Contains(got, test.want+"\n") {
			t.Errorf("%v: %s", test.places, got)
		}
	}
}
