package proxy

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"drydock/stage6-network/port"
)

// start has a proxy on ::1 pass on to a port of 127.0.0.1 until the test ends, and returns where it listens.
func start(t *testing.T, protocol string, to net.Addr, where netip.Addr) string {
	t.Helper()
	container, err := netip.ParseAddrPort(to.String())
	if err != nil {
		t.Fatal(err)
	}
	p, err := Listen(port.Mapping{Host: netip.MustParseAddrPort("[::1]:0"), Container: container.Port(), Protocol: protocol})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- p.Serve(func() netip.Addr { return where }) }()
	t.Cleanup(func() {
		if err := errors.Join(p.Close(), <-ended); err != nil {
			t.Error(err)
		}
	})
	if protocol == "udp" {
		return p.udp.LocalAddr().String()
	}
	return p.tcp.Addr().String()
}

func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

var local = netip.MustParseAddr("127.0.0.1")

// TestTCP says something, says that this is all, and gets the answer to all of it, and its end.
func TestTCP(t *testing.T) {
	container, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer container.Close()
	go func() {
		for {
			conn, err := container.Accept()
			if err != nil {
				return // the test has ended
			}
			text, _ := io.ReadAll(conn) // what there was is what is answered
			_, _ = conn.Write([]byte(strings.ToUpper(string(text))))
			conn.Close()
		}
	}()
	address := start(t, "tcp", container.Addr(), local)
	for range 3 {
		conn := dial(t, "tcp6", address)
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); err != nil || string(got) != "HELLO" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// A full is a listener for which there are too many files open, the first few times.
type full struct {
	net.Listener
	times int
}

func (f *full) Accept() (net.Conn, error) {
	if f.times--; f.times >= 0 {
		return nil, unix.EMFILE
	}
	return f.Listener.Accept()
}

// TestFull lets nobody in for a while, and then everybody again.
func TestFull(t *testing.T) {
	container, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer container.Close()
	p, err := Listen(port.Mapping{Host: netip.MustParseAddrPort("[::1]:0"), Container: netip.MustParseAddrPort(container.Addr().String()).Port(), Protocol: "tcp"})
	if err != nil {
		t.Fatal(err)
	}
	address := p.tcp.Addr().String()
	p.tcp = &full{p.tcp, 2}
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(func() netip.Addr { return local }) }()
	dial(t, "tcp6", address)
	come := make(chan error, 1)
	go func() {
		conn, err := container.Accept()
		if err == nil {
			err = conn.Close()
		}
		come <- err
	}()
	select {
	case err := <-come:
		if err != nil {
			t.Error(err)
		}
	case err := <-ended:
		t.Fatalf("it has given up: %v", err)
	}
	if err := errors.Join(p.Close(), <-ended); err != nil {
		t.Error(err)
	}
}

// TestNowhere has no container be there: whoever comes is turned away, and does not wait.
func TestNowhere(t *testing.T) {
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close() // nobody listens there any more
	for _, where := range []netip.Addr{local, {}} {
		conn := dial(t, "tcp6", start(t, "tcp", free.Addr(), where))
		if got, err := io.ReadAll(conn); len(got) != 0 || errors.Is(err, net.ErrClosed) {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestUDP has two clients get each its own answers.
func TestUDP(t *testing.T) {
	container, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer container.Close()
	go func() {
		buffer := make([]byte, 100)
		for {
			n, from, err := container.ReadFrom(buffer)
			if err != nil {
				return // the test has ended
			}
			_, _ = container.WriteTo([]byte(strings.ToUpper(string(buffer[:n]))), from)
		}
	}()
	address := start(t, "udp", container.LocalAddr(), local)
	one, two := dial(t, "udp6", address), dial(t, "udp6", address)
	for range 2 {
		for conn, text := range map[net.Conn]string{one: "one", two: "two"} {
			if _, err := conn.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		for conn, want := range map[net.Conn]string{one: "ONE", two: "TWO"} {
			buffer := make([]byte, 100)
			if n, err := conn.Read(buffer); err != nil || string(buffer[:n]) != want {
				t.Errorf("%q, %v, want %s", buffer[:n], err, want)
			}
		}
	}
}

// TestTaken has somebody else have the port.
func TestTaken(t *testing.T) {
	theirs, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	host := netip.MustParseAddrPort(theirs.Addr().String())
	if _, err := Listen(port.Mapping{Host: host, Container: 80, Protocol: "tcp"}); !errors.As(err, &port.Taken{}) {
		t.Errorf("%v", err)
	}
	if _, err := Listen(port.Mapping{Host: netip.MustParseAddrPort("[2001:db8::1]:80"), Protocol: "udp"}); err == nil || !strings.Contains(err.Error(), "failed to bind host port [2001:db8::1]:80/udp") {
		t.Errorf("an address that the host has not: %v", err)
	}
}
