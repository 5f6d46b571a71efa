package flow

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestKernelForget sends from one socket to a port, whose packets then get another destination: that is noticed
// when the kernel has forgotten, and not before. What was sent elsewhere is not forgotten.
func TestKernelForget(t *testing.T) {
	runtime.LockOSThread() // never unlocked: the thread is thrown away, and its network with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	command(t, "ip link set lo up")
	// Connection tracking begins where a rule wants it.
	command(t, "nft 'add table ip test; add chain ip test output { type nat hook output priority -100; }; add rule ip test output udp dport 1 dnat to 127.0.0.1:2'")
	before, after := listen(t), listen(t)
	sender, err := net.Dial("udp4", before.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Close() }() // nothing is expected of it any more
	port := before.LocalAddr().(*net.UDPAddr).AddrPort()
	want := func(text string, receiver net.PacketConn) {
		t.Helper()
		if _, err := sender.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, receive(t, receiver)); diff != "" {
			t.Error(diff)
		}
	}
	want("one", before)
	command(t, fmt.Sprintf("nft add rule ip test output udp dport %d dnat to %s", port.Port(), after.LocalAddr()))
	want("two", before)
	for _, other := range []netip.AddrPort{netip.AddrPortFrom(port.Addr(), port.Port()+1), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), port.Port())} {
		if err := Forget([]netip.AddrPort{other}); err != nil {
			t.Fatal(err)
		}
	}
	want("three", before)
	if err := Forget([]netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), port.Port())}); err != nil {
		t.Fatal(err)
	}
	want("four", after)
	if err := Forget([]netip.AddrPort{port}); err != nil {
		t.Fatal(err)
	}
	want("five", after)
}

// TestKernelElsewhere sends to a port of somebody else's: that is not forgotten when the host's port of that number is published.
func TestKernelElsewhere(t *testing.T) {
	runtime.LockOSThread() // see above
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	command(t, "ip link set lo up; ip address add 192.0.2.1/32 dev lo; ip route add 192.0.2.0/24 dev lo src 127.0.0.1")
	before, after := listen(t), listen(t)
	rule := "nft 'add table ip test; add chain ip test output { type nat hook output priority -100; }; flush chain ip test output; add rule ip test output udp dport 53 dnat to "
	for _, test := range []struct {
		address string
		want    net.PacketConn
	}{{"192.0.2.9:53", before}, {"192.0.2.1:53", after}} {
		command(t, rule+before.LocalAddr().String()+"'")
		sender, err := net.Dial("udp4", test.address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = sender.Close() }() // nothing is expected of it any more
		for _, receiver := range []net.PacketConn{before, test.want} {
			if _, err := sender.Write([]byte(test.address)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.address, receive(t, receiver)); diff != "" {
				t.Errorf("%s: %s", test.address, diff)
			}
			command(t, rule+after.LocalAddr().String()+"'")
			if err := Forget([]netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), 53)}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func command(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
}

func listen(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// receive returns the next packet, or why there is none.
func receive(t *testing.T, conn net.PacketConn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	n, _, err := conn.ReadFrom(buffer)
	if err != nil {
		return err.Error()
	}
	return string(buffer[:n])
}
