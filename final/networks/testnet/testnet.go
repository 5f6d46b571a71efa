// Package testnet gives tests network namespaces, in the place of hosts and of containers.
package testnet

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Host moves the test to a network namespace of its own, with lo up: that is its host. Its thread is never unlocked:
// so it is thrown away afterwards, and the namespace with it.
func Host(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Fatalf("make a network namespace: %v", err)
	}
	Sh(t, "ip link set lo up")
}

// Current opens the network namespace that the test is in. It lasts as long as the test, at least.
func Current(t *testing.T) *os.File {
	t.Helper()
	file, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// New makes a further network namespace, with lo up: a container, or another host.
func New(t *testing.T) *os.File {
	t.Helper()
	own := Current(t)
	Host(t)
	made := Current(t)
	if err := Enter(own); err != nil {
		t.Fatal(err)
	}
	return made
}

// Enter moves the thread, which is locked, to a network namespace.
func Enter(namespace *os.File) error {
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}

// Within calls f in a network namespace.
func Within(t *testing.T, namespace *os.File, f func() error) {
	t.Helper()
	own := Current(t)
	if err := Enter(namespace); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f(), Enter(own)); err != nil {
		t.Fatal(err)
	}
}

// Sh runs a shell's line on the host and returns what it prints, on one line.
func Sh(t *testing.T, line string) string {
	t.Helper()
	return In(t, nil, line)
}

// In runs a shell's line in a network namespace, the host's if there is none, and returns what it prints, on one line.
func In(t *testing.T, namespace *os.File, line string) string {
	t.Helper()
	out, err := Try(namespace, line)
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return out
}

// Try does so where it may fail. iptables is the one that is made of nftables, whichever is the machine's.
func Try(namespace *os.File, line string) (string, error) {
	line = `iptables() { iptables-nft "$@"; }; ip6tables() { ip6tables-nft "$@"; }; ` + line
	cmd := exec.Command("sh", "-c", line)
	if namespace != nil {
		cmd = exec.Command("nsenter", "--net=/proc/self/fd/3", "sh", "-c", line)
		cmd.ExtraFiles = []*os.File{namespace}
	}
	out, err := cmd.CombinedOutput()
	return strings.Join(strings.Fields(string(out)), " "), err
}
