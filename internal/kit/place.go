package kit

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The main goroutine keeps the main thread to itself, so that no test runs there.
// A test's thread enters namespaces of its own and is thrown away afterwards; the
// main thread cannot be thrown away, and it is the one /proc/self tells of.
func init() { runtime.LockOSThread() }

// A place is what a script has of its own.
type place struct {
	work   string // where it runs: a folder on a real filesystem
	state  string // the state root
	rootfs string // a busybox root
	cgroup string // the cgroup below which programs make theirs, as a path in the hierarchy
}

// parentGroup is where programs make their cgroups unless told otherwise. A chapter's
// transcripts leave it at that, so that they show what a reader sees; a script has a
// parent of its own.
const parentGroup = "/drydock"

// env returns the variables that tell programs about the place. The folders named
// come first on PATH.
func (p place) env(paths ...string) []string {
	if bin, err := binFolder(); err == nil {
		paths = append(paths, bin)
	}
	paths = append(paths, os.Getenv("PATH"))
	env := []string{
		"PATH=" + strings.Join(paths, ":"),
		"DRYDOCK_ROOT=" + p.state,
		"ROOTFS=" + p.rootfs,
	}
	if p.cgroup != parentGroup {
		env = append(env, "DRYDOCK_CGROUP_PARENT="+p.cgroup)
	}
	if hierarchy, err := mountsOf("cgroup2"); err == nil && len(hierarchy) > 0 {
		env = append(env, "CGROUP="+hierarchy[0]+p.cgroup)
	}
	for _, name := range []string{"GOCOVERDIR", "LONG"} {
		if value := os.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// settleTime is how long the machine may take to be as it was.
const settleTime = 5 * time.Second

// enclose runs f on a thread with a network namespace of its own, in a place made
// at folder work with the cgroup parent given, and fails the test if the machine is not afterwards, within the time
// given, as it was.
//
// The thread is never unlocked: the runtime throws it away together with the
// goroutine, and so with its namespace. Every program that f starts must be started
// from this goroutine, or it runs in the host's network.
func enclose(t *testing.T, work, cgroup string, settle time.Duration, f func(place)) {
	t.Helper()
	runtime.LockOSThread()
	// A process whose parent dies becomes ours, so that none is lost from sight.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatalf("become the subreaper: %v", err)
	}
	if err := newNetwork(); err != nil {
		t.Fatal(err)
	}
	p, err := newPlace(work)
	if err != nil {
		t.Fatal(err)
	}
	p.cgroup = cgroup
	defer removeGroup(t, p)()
	before, err := takeSnapshot(p)
	if err != nil {
		t.Fatal(err)
	}
	defer leave(t, p, before, settle)
	f(p)
}

// leave compares the machine with what it was, and clears up what can be.
func leave(t *testing.T, p place, before snapshot, settle time.Duration) {
	t.Helper()
	diff, err := before.settle(p, settle)
	if err != nil {
		t.Error(err)
	}
	if diff != "" {
		t.Errorf("this script changed the machine (- before, + after):\n%s", diff)
	}
	killNew(before.pids)
	if err := removeWork(p.work); err != nil {
		t.Error(err)
	}
}

// removeGroup returns a function that removes the place's cgroup parent, which programs
// make and leave, unless it is there already now.
func removeGroup(t *testing.T, p place) func() {
	t.Helper()
	hierarchy, err := mountsOf("cgroup2")
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, root := range hierarchy {
		if _, err := os.Stat(root + p.cgroup); errors.Is(err, fs.ErrNotExist) {
			dirs = append(dirs, root+p.cgroup)
		}
	}
	return func() {
		for _, dir := range dirs {
			if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		}
	}
}

// newNetwork moves the calling thread, which must be locked, to a network namespace
// of its own, as it is after a machine has booted: with lo up, and no router.
func newNetwork() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("make a network namespace: %w", err)
	}
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	defer unix.Close(sock)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP) // netdevice(7)
	if err := unix.IoctlIfreq(sock, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	// A new namespace passes packets on if the host does: here none does, until it is asked to.
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("0"), 0)
}

// newPlace makes the folders of a place. The busybox root is really copied: a write
// through a hard link would change the original, and one behind a symbolic link too.
func newPlace(work string) (place, error) {
	p := place{work: work, state: filepath.Join(work, "state"), rootfs: filepath.Join(work, "root")}
	if err := os.MkdirAll(p.state, 0o755); err != nil {
		return p, err
	}
	shared, err := sharedRoot()
	if err != nil {
		return p, err
	}
	if out, err := exec.Command("cp", "-aH", shared, p.rootfs).CombinedOutput(); err != nil {
		return p, fmt.Errorf("copy the busybox root: %w: %s", err, out)
	}
	return p, nil
}

// sharedRoot returns the busybox root that every script gets a copy of.
func sharedRoot() (string, error) {
	root := os.Getenv("ROOTFS")
	if root == "" {
		bin, err := binFolder()
		if err != nil {
			return "", err
		}
		root = filepath.Join(filepath.Dir(bin), "build", "busybox")
	}
	if _, err := os.Stat(root); err != nil {
		return "", fmt.Errorf("find a busybox root: %w; make test-native makes one, $ROOTFS names another", err)
	}
	return root, nil
}

// workFolder makes a folder for the places of one test. In the VM it is on the state
// disk: the root filesystem there is a tmpfs, which lacks what overlayfs needs. It
// is open to all, because scripts also act as a plain user.
func workFolder(t *testing.T) string {
	t.Helper()
	base := ""
	if inVM() {
		base = "/var/lib/drydock"
	}
	dir, err := os.MkdirTemp(base, "kit-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeWork(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	return dir
}

// removeWork removes a folder that scripts worked in, but never through a mount that
// one left there: it may show the host's own files. With testscript's flag -testwork it
// leaves the folder to be looked at.
func removeWork(dir string) error {
	if keep := flag.Lookup("testwork"); keep != nil && keep.Value.String() == "true" {
		return nil
	}
	mounts, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); strings.HasPrefix(fields[4]+"/", dir+"/") {
			return fmt.Errorf("left %s in place: %s is still mounted", dir, fields[4])
		}
	}
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	return nil
}

func inVM() bool { return os.Getenv("DRYDOCK_VM") == "1" }

// skip skips the test, or fails it where everything must run.
func skip(t *testing.T, reason string) {
	t.Helper()
	if inVM() || os.Getenv("DRYDOCK_NO_SKIP") == "1" {
		t.Fatalf("nothing may be skipped here: %s", reason)
	}
	t.Skip(reason)
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		skip(t, "kernel tests need root: make test runs them in the VM, make test-native here")
	}
}
