package kernel

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// Setgroups is setgroups(2), for all threads: the further groups of the process. The shell form
// of the three calls is that of the last.
func Setgroups(why string, gids []int) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("setgroups(%d, %v)", len(gids), gids), ":"
	})
	return context(syscall.Setgroups(gids), "set the groups to %v", gids)
}

// Setgid is setgid(2), for all threads.
func Setgid(why string, gid int) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("setgid(%d)", gid), ":"
	})
	return context(syscall.Setgid(gid), "set the group to %d", gid)
}

// Setuid is setuid(2), for all threads. Who is not root cannot take it back, and loses the
// capabilities. A shell cannot change its own user: setpriv(1) runs a program as another.
func Setuid(why string, uid int) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("setuid(%d)", uid), ""
	})
	return context(syscall.Setuid(uid), "set the user to %d", uid)
}

// Prctl is prctl(2), for the two options used: PR_SET_PDEATHSIG, the signal that the calling
// thread gets when the thread that made its process ends; and PR_CAPBSET_DROP, which takes a
// capability out of the calling thread's bounding set. A shell cannot take its own away:
// setpriv(1) runs a program without.
func Prctl(why string, option int, value uintptr) error {
	call := fmt.Sprintf("prctl(%d, %d)", option, value)
	shell := ":" // unshare --kill-child has done it
	if option == unix.PR_CAPBSET_DROP {
		call, shell = fmt.Sprintf("prctl(PR_CAPBSET_DROP, %s)", capability(value)), ""
	}
	tell(why, func() (string, string) { return call, shell })
	return context(unix.Prctl(option, value, 0, 0, 0), "%s", call)
}

// Capset is capset(2), for the calling thread: its effective, permitted and inheritable
// capabilities. Who takes one out of the permitted ones cannot take it back. What is in the
// ambient set has to be in both of the others, or goes: capabilities(7).
func Capset(why string, header *unix.CapUserHeader, sets *[2]unix.CapUserData) error {
	tell(why, func() (string, string) {
		low, high := sets[0], sets[1]
		return fmt.Sprintf("capset({_LINUX_CAPABILITY_VERSION_3, %d}, {.effective=%#x, .permitted=%#x, .inheritable=%#x})", header.Pid,
			join(high.Effective, low.Effective), join(high.Permitted, low.Permitted), join(high.Inheritable, low.Inheritable)), ""
	})
	return context(unix.Capset(header, &sets[0]), "set the capabilities")
}

func join(high, low uint32) uint64 { return uint64(high)<<32 | uint64(low) }

// capability is the name of the one that containers lose; any other is a number.
func capability(number uintptr) string {
	if number == unix.CAP_SYS_ADMIN {
		return "CAP_SYS_ADMIN"
	}
	return fmt.Sprint(number)
}
