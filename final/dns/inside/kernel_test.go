package inside

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"drydock/final/dns"
)

// namespace makes a network namespace with lo up. It lasts as long as its file is open.
func namespace(t *testing.T) *os.File {
	t.Helper()
	runtime.LockOSThread()
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if out, err := exec.Command("ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := unix.Setns(int(own.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	runtime.UnlockOSThread()
	return file
}

// in runs a command there.
func in(t *testing.T, ns *os.File, args ...string) string {
	t.Helper()
	cmd := exec.Command("nsenter", append([]string{"--net=/proc/self/fd/3"}, args...)...)
	cmd.ExtraFiles = []*os.File{ns}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
}

// TestKernelListen has a program in the namespace ask at 127.0.0.11:53, as resolv.conf says, and look up what
// is behind that.
func TestKernelListen(t *testing.T) {
	ns := namespace(t)
	server := dns.Server{
		Hosts: func() ([]dns.Host, error) {
			return []dns.Host{{Name: "web", Network: "mynet", Addresses: []netip.Addr{netip.MustParseAddr("172.18.0.2")}}}, nil
		},
		IsShort: func(string) bool { return true },
	}
	for range 2 { // the second time in the place of the first
		udp, tcp, err := Listen(ns)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- server.Serve(udp, tcp) }()
		for _, network := range []string{"udp", "tcp"} {
			// Go's resolver, with the container's sockets.
			resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return Dial(ns)(ctx, network, "127.0.0.11:53")
			}}
			if got, err := resolver.LookupHost(t.Context(), "web."); err != nil || strings.Join(got, " ") != "172.18.0.2" {
				t.Errorf("%s: %v, %v", network, got, err)
			}
			if got, err := resolver.LookupAddr(t.Context(), "172.18.0.2"); err != nil || strings.Join(got, " ") != "web.mynet." {
				t.Errorf("%s: %v, %v", network, got, err)
			}
		}
		rules := in(t, ns, "nft", "list", "ruleset")
		for _, at := range []net.Addr{udp.LocalAddr(), tcp.Addr()} {
			want := fmt.Sprintf("ip daddr 127.0.0.11 %s dport 53 dnat to %s", at.Network(), at)
			if strings.Count(rules, want) != 1 || strings.Count(rules, "dnat") != 2 {
				t.Errorf("no %q in %s", want, rules)
			}
		}
		// Port 53 is free for a server that the container may have.
		for _, at := range strings.Split(strings.TrimSpace(in(t, ns, "ss", "-Hlntu")), "\n") {
			if strings.Contains(at, ":53 ") {
				t.Error(at)
			}
		}
		if err := udp.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestKernelOutside has nobody else reach the server, and no thread of ours stay in there.
func TestKernelOutside(t *testing.T) {
	udp, tcp, err := Listen(namespace(t))
	if err != nil {
		t.Fatal(err)
	}
	defer closeBoth(udp, tcp) //nolint:errcheck // nothing was written
	if conn, err := net.Dial("tcp", tcp.Addr().String()); err == nil {
		conn.Close()
		t.Errorf("it is reached from the host at %s", tcp.Addr())
	}
	mine, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		// One that has just ended has none.
		if ns, err := os.Readlink("/proc/self/task/" + thread.Name() + "/ns/net"); err == nil && ns != mine {
			t.Errorf("thread %s is in %s", thread.Name(), ns)
		}
	}
}

// TestKernelNone fails where there is no namespace, and with a name, which would be looked up outside.
func TestKernelNone(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, _, err := Listen(null); err == nil || !strings.Contains(err.Error(), "name server") {
		t.Errorf("it is fine to listen in %s: %v", null.Name(), err)
	}
	if _, err := Dial(null)(t.Context(), "udp", "web.example:53"); err == nil || !strings.Contains(err.Error(), "ParseAddr") {
		t.Errorf("a name: %v", err)
	}
}
