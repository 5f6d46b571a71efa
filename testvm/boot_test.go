package main

import (
	"bytes"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// requireGuest fails the test if there is no guest to boot. A guest takes the
// network to make, so it is not made here.
func requireGuest(t *testing.T) {
	t.Helper()
	var o options
	o.guest, o.which = os.Getenv("GUEST"), guestChoice{"bookworm", hostArch}
	if _, err := o.cargo(""); err != nil {
		t.Fatal(err)
	}
	if _, err := readManifest(o.guest); err != nil {
		t.Fatalf("%v: run `make guest` first", err)
	}
}

// inVM runs testvm with args and returns its status and outputs.
func inVM(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(append([]string{"run", "--timeout", "2m"}, args...), Stdio{nil, &out, &errs})
	return status, out.String(), errs.String()
}

// TestBoot boots real VMs, as `make vm` does.
func TestBoot(t *testing.T) {
	requireGuest(t)
	// The first VM on a machine may be preceded by a trial of its accelerator,
	// which says so on stderr: have that done.
	if status, _, errs := inVM(t, "true"); status != 0 {
		t.Fatalf("run true: status %d: %s", status, errs)
	}
	t.Run("outputs", testOutputs)
	t.Run("system", testSystem)
	t.Run("limit", func(t *testing.T) {
		status, _, errs := inVM(t, "--timeout", "6s", "--", "sleep", "1000")
		if status != exitLimit || !strings.HasPrefix(errs, "testvm: the VM failed: it was stopped after 6s, while ") {
			t.Errorf("status %d: %s", status, errs)
		}
	})
	t.Run("panic", func(t *testing.T) {
		status, out, errs := inVM(t, "echo before; echo c >/proc/sysrq-trigger; echo after")
		if status != exitFailure || out != "before\n" ||
			!strings.HasPrefix(errs, "testvm: the VM failed: its kernel panicked while the command ran\n") ||
			!strings.Contains(errs, "sysrq triggered crash") {
			t.Errorf("status %d, stdout %q: %s", status, out, errs)
		}
	})
	t.Run("turned off", func(t *testing.T) {
		status, _, errs := inVM(t, "busybox reboot -f")
		if status != exitFailure || !strings.HasPrefix(errs, "testvm: the VM failed: it was turned off while the command ran\n") {
			t.Errorf("status %d: %s", status, errs)
		}
	})
}

// testOutputs: every byte of stdout and of stderr, apart, and the status of a
// command that was killed; and what it left running does not keep the VM.
func testOutputs(t *testing.T) {
	noise := make([]byte, 1<<20)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "noise")
	if err := os.WriteFile(file, noise, 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := inVM(t, "--add", file+":/root/noise", "--", `
		cat /root/noise; echo end
		rev /root/noise >/dev/null 2>&1; echo error >/dev/stderr
		setsid sleep 1000 &
		kill -9 $$`)
	if status != 128+9 {
		t.Errorf("status %d, want that of SIGKILL, 137", status)
	}
	if out != string(noise)+"end\n" {
		t.Errorf("stdout is not what was written: %d bytes instead of %d", len(out), len(noise)+4)
	}
	if errs != "error\n" {
		t.Errorf("stderr: %q, want %q", errs, "error\n")
	}
}

// systemScript prints what the rest of the project takes for granted.
const systemScript = `
pwd; whoami; echo $DRYDOCK_VM $ROOTFS; echo $PATH | cut -d: -f1
stat -f -c %T / /var/lib/drydock /sys/fs/cgroup
for controller in cpu io memory pids; do grep -wo $controller /sys/fs/cgroup/cgroup.subtree_control; done
ls -d go.work testvm/main.go
stat -c '%n %A' / /tmp /dev/shm /dev/pts/ptmx
readlink -f /dev/ptmx
su learner -c 'id -un; cat go.work >/dev/null && unshare -Ur id -u'
cd /images/busybox; ls -d bin/sh dev etc/group etc/passwd home proc root sys tmp
cd /var/lib/drydock; ls -A; mkdir lower upper work merged
mount -t overlay overlay -o lowerdir=/images/busybox,upperdir=upper,workdir=work merged
unshare -m sh -c 'cd merged; pivot_root . tmp; umount -l /tmp; busybox ls /images; echo pivoted >/etc/new' 2>&1
cat upper/etc/new
cat /sys/class/net/lo/operstate; ip -br addr show lo | grep -o 127.0.0.1/8
ip link add veth-a type veth peer name veth-b; ip link add bridge-a type bridge; ls /sys/class/net
nft add table ip t; nft add chain ip t c '{ type nat hook postrouting priority 100 ; }'; nft add rule ip t c masquerade
nft list ruleset | grep -c masquerade
for tool in bash busybox curl ip jq mke2fs nft ps strace tar unshare; do command -v $tool; done | wc -l
`

const systemAnswers = `/drydock
root
1 /images/busybox
/drydock/bin
tmpfs
ext2/ext3
cgroup2fs
cpu
io
memory
pids
go.work
testvm/main.go
/ drwxr-xr-x
/tmp drwxrwxrwt
/dev/shm drwxrwxrwt
/dev/pts/ptmx crw-rw-rw-
/dev/pts/ptmx
learner
0
bin/sh
dev
etc/group
etc/passwd
home
proc
root
sys
tmp
ls: /images: No such file or directory
pivoted
unknown
127.0.0.1/8
bridge-a
lo
veth-a
veth-b
1
11
`

func testSystem(t *testing.T) {
	status, out, errs := inVM(t, systemScript)
	if status != 0 || errs != "" {
		t.Errorf("status %d, stderr %q", status, errs)
	}
	if diff := cmp.Diff(systemAnswers, out); diff != "" {
		t.Errorf("the system (-want +got):\n%s", diff)
	}
}

// TestBootLeavesNothing: no scratch folder stays, not even after an interrupt.
func TestBootLeavesNothing(t *testing.T) {
	requireGuest(t)
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	if status, _, errs := inVM(t, "true"); status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	left, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil || len(left) > 0 {
		t.Errorf("left in the folder for temporary files: %q, %v", left, err)
	}
}
