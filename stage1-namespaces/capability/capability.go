// Package capability takes rights of root away from a process, and from all that come of it.
//
// The problem: root in a container may do what root may, and undo what was done for it: a mount
// that is read-only is mounted again, writable.
//
// The kernel feature: root's power is some forty separate rights, the capabilities. A thread
// has several sets of them. What it may do now is in the effective set, which it fills from
// the permitted one as it likes. Neither limits what comes: execve(2) gives a program of root's all
// that is in the bounding set, and so it does when a file is setuid or has capabilities of its
// own. Whoever takes a right out of the bounding set has it taken from all who descend from
// him, and there is no call that puts it back. The inheritable set is
// a way past it, so it is taken out of that too.
//
// A new user namespace gives a process all capabilities, but only over what belongs to that
// namespace: mounts that were there before do not, and what is read-only of them stays so.
//
// In a shell: setpriv --bounding-set -sys_admin --inh-caps -sys_admin PROGRAM. To read:
// capabilities(7), prctl(2) on PR_CAPBSET_DROP, capset(2), user_namespaces(7), and
// mount_namespaces(7), "Restrictions on mount namespaces".
package capability

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// A Set has a bit for each capability, as in /proc/PID/status.
type Set uint64

// Mount is the right to mount, to mount again and to unmount; and to a hundred other things.
const Mount Set = 1 << unix.CAP_SYS_ADMIN

// GiveUp takes rights from the calling thread and from what it will execute or start, for good. The
// thread is the caller's from then on: execve(2) on it is what ends the program's other
// threads, which still have them. It takes CAP_SETPCAP.
func GiveUp(rights Set) error { return giveUp(rights, true) }

// Bound takes rights from what the calling thread will execute or start, as GiveUp does, and leaves them to the
// thread itself: for one that is about to change its user, which needs rights, and then has none.
func Bound(rights Set) error { return giveUp(rights, false) }

func giveUp(rights Set, now bool) error {
	runtime.LockOSThread()
	for c := range last {
		if rights&(1<<c) == 0 || !bounds(c) {
			continue
		}
		err := kernel.Prctl("what is not in the bounding set no program gets, not even a setuid one", unix.PR_CAPBSET_DROP, uintptr(c))
		if err != nil {
			return err
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3} // pid 0: this thread
	var sets [2]unix.CapUserData                                           // 32 bits each
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("read the capabilities of this thread: %w", err)
	}
	for i := range sets {
		part := uint32(rights >> (32 * i))
		if now {
			sets[i].Effective &^= part
			sets[i].Permitted &^= part
		}
		sets[i].Inheritable &^= part // and the ambient set loses what this one does
	}
	return kernel.Capset("nor has this process them any more, or a program by inheritance", &header, &sets)
}

// last is how many capabilities there could ever be.
const last = 64

// bounds says whether the calling thread's bounding set has a capability. One that the kernel does
// not know, nobody has.
func bounds(c int) bool {
	has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, uintptr(c), 0, 0, 0)
	return err == nil && has == 1
}

// Bounds returns the bounding set of a process: the rights that it, or what it executes, can
// ever have.
func Bounds(pid int) (Set, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if bits, found := strings.CutPrefix(line, "CapBnd:"); found {
			set, err := strconv.ParseUint(strings.TrimSpace(bits), 16, 64)
			return Set(set), err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status says nothing of capabilities", pid)
}
