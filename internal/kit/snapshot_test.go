package kit

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestDifference(t *testing.T) {
	for _, test := range []struct{ name, before, after, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"both empty", "", "", ""},
		{"new", "a\nc\n", "a\nb\nc\n", "  + b\n"},
		{"lost", "a\nb\nc\n", "a\nc\n", "  - b\n"},
		{"changed", "a\nb 1\n", "a\nb 2\n", "  - b 1\n  + b 2\n"},
		{"once more", "a\n", "a\na\n", "  + a\n"},
		{"once less", "a\na\n", "a\n", "  - a\n"},
		{"other order", "a\nb\n", "b\na\n", "  the same lines in another order\n"},
		{"no last newline", "a\n", "a", "  - a\n  + a\n"},
		{"all new", "", "a\n", "  + a\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, difference(test.before, test.after)); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
		})
	}
}

// TestKernelNetwork changes one thing after the other in a network of its own, and wants each
// to be noticed, and what moves by itself not.
func TestKernelNetwork(t *testing.T) {
	needRoot(t)
	runtime.LockOSThread() // and never unlocked: the thread ends with the namespace
	if err := newNetwork(); err != nil {
		t.Fatal(err)
	}
	look := func() string {
		network, err := readNetwork()
		if err != nil {
			t.Fatal(err)
		}
		rules, err := readRuleset()
		if err != nil {
			t.Fatal(err)
		}
		return network + rules
	}
	// Whether an address is anybody else's takes IPv6 a while to find out, and shows.
	const quiet = "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
	if out, err := exec.Command("sh", "-c", quiet).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", quiet, err, out)
	}
	seen := map[string]string{look(): "nothing"}
	for _, command := range []string{
		"ip link set lo mtu 1400",
		"ip link add one type veth peer name two",
		"ip link set one alias here",
		"ip link add switch type bridge",
		"ip link set one master switch",
		"ip addr add 192.0.2.1/24 dev switch valid_lft 1000 preferred_lft 1000",
		"ip link set switch up",
		"ip route add 198.51.100.0/24 via 192.0.2.2 table 7",
		"ip rule add from 203.0.113.0/24 table 7",
		"ip -6 route add blackhole 2001:db8::/32",
		"nft add table ip one",
		"nft add chain ip one two",
		"nft add rule ip one two counter accept",
	} {
		if out, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, out)
		}
		now := look()
		if before, known := seen[now]; known {
			t.Errorf("%s: not noticed: it looks as after %q", command, before)
		}
		seen[now] = command
	}
	before := look()
	if out, err := exec.Command("sh", "-c", "ip route get 192.0.2.9; ip -s -s link show one").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(before, look()); diff != "" {
		t.Errorf("nothing has changed (-before +after):\n%s", diff)
	}
	for _, want := range []string{"name one ", "alias here", "label switch", "table ip one {"} {
		if !strings.Contains(before, want) {
			t.Errorf("there is no %q in\n%s", want, before)
		}
	}
}

func TestListing(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "sub"), 0o700),
		os.WriteFile(filepath.Join(dir, "sub", "file"), []byte("12345"), 0o600),
		os.Symlink("nowhere", filepath.Join(dir, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		dir    string
		detail bool
		want   string
	}{
		{dir, false, "L--------- /link\nd--------- /sub\n---------- /sub/file\n"},
		{dir, true, "Lrwxrwxrwx /link\ndrwx------ /sub\n-rw------- 5 bytes /sub/file\n"},
		{filepath.Join(dir, "none"), true, ""},
	} {
		got, err := listing(test.dir, test.detail)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("listing (-want +got):\n%s", diff)
		}
	}
}

// TestKernelQueues shows that a queue left in a queue filesystem is noticed, in a
// private mount namespace and IPC namespace on a thread of their own.
func TestKernelQueues(t *testing.T) {
	needRoot(t)
	runtime.LockOSThread() // and never unlocked: the thread ends with the namespaces
	dir := t.TempDir()
	for _, err := range []error{
		unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWIPC),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("mqueue", dir, "mqueue", 0, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	before, err := readQueues()
	if err != nil {
		t.Fatal(err)
	}
	queue, err := os.Create(filepath.Join(dir, "kit-leak"))
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	after, err := readQueues()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("  + ---------- /kit-leak\n", difference(before, after)); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
}

// TestKernelSettle shows that a process which ends a moment later is no difference.
func TestKernelSettle(t *testing.T) {
	needRoot(t)
	aHost(t)
	enclose(t, filepath.Join(workFolder(t), "late"), parentGroup, settleTime, func(place) {
		cmd := exec.Command("sleep", "0.3")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Wait() }) // reaped by enclose, or here
	})
}

// TestKernelRemoveWork shows that a folder with a mount in it is left alone.
func TestKernelRemoveWork(t *testing.T) {
	needRoot(t)
	runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
	source, work := t.TempDir(), t.TempDir()
	precious := filepath.Join(source, "precious")
	bind := filepath.Join(work, "deep", "bind")
	for _, err := range []error{
		os.WriteFile(precious, nil, 0o600),
		os.MkdirAll(bind, 0o700),
		unix.Unshare(unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount(source, bind, "", unix.MS_BIND, ""),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := removeWork(work); err == nil || !strings.Contains(err.Error(), bind+" is still mounted") {
		t.Errorf("removeWork over a mount: %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("a file behind the mount: %v", err)
	}
	if err := unix.Unmount(bind, 0); err != nil {
		t.Fatal(err)
	}
	if err := removeWork(work); err != nil {
		t.Errorf("removeWork without mounts: %v", err)
	}
	if err := removeWork(work); err != nil {
		t.Errorf("removeWork of what is gone: %v", err)
	}
}
