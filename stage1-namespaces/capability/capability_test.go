package capability

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKernelGiveUp takes the right to mount from a thread that has it in every set that there
// is, so that its programs would be given it five times over.
func TestKernelGiveUp(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	before, after := make(chan string), make(chan string)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with the goroutine
		attr := &syscall.SysProcAttr{AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN}}
		before <- capabilities(t, attr)
		inherit(t)
		if err := GiveUp(Mount); err != nil {
			t.Error(err)
		}
		if err := GiveUp(Mount); err != nil {
			t.Errorf("again: %v", err)
		}
		after <- capabilities(t, nil)
	}()
	if got := <-before; got != "CapInh 1 CapPrm 1 CapEff 1 CapBnd 1 CapAmb 1" {
		t.Errorf("before: %s", got)
	}
	if got := <-after; got != "CapInh 0 CapPrm 0 CapEff 0 CapBnd 0 CapAmb 0" {
		t.Errorf("after: %s", got)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if ours, err := Bounds(unix.Gettid()); err != nil || ours&Mount == 0 {
		t.Errorf("another thread has %#x, %v: it gave nothing up", ours, err)
	}
}

// inherit has the calling thread hand CAP_SYS_ADMIN down, by the inheritable and the ambient set.
func inherit(t *testing.T) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		t.Error(err)
	}
	sets[0].Inheritable |= uint32(Mount)
	if err := unix.Capset(&header, &sets[0]); err != nil {
		t.Error(err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, unix.CAP_SYS_ADMIN, 0, 0); err != nil {
		t.Error(err)
	}
}

// capabilities starts a program from the calling thread, and returns in which of its sets the
// right to mount is.
func capabilities(t *testing.T, attr *syscall.SysProcAttr) string {
	cmd := exec.Command("cat", "/proc/self/status")
	cmd.SysProcAttr = attr
	status, err := cmd.Output()
	if err != nil {
		t.Error(err)
	}
	var sets []string
	for _, line := range regexp.MustCompile(`(Cap\w+):\s*[0-9a-f]{10}([0-9a-f])[0-9a-f]{5}`).FindAllStringSubmatch(string(status), -1) {
		has := "0"
		if strings.ContainsAny(line[2], "2367abef") { // bit 21 is the second of the sixth digit
			has = "1"
		}
		sets = append(sets, line[1]+" "+has)
	}
	return strings.Join(sets, " ")
}

func TestBounds(t *testing.T) {
	if set, err := Bounds(1 << 30); err == nil {
		t.Errorf("a process that is not there has %#x", set)
	}
}
