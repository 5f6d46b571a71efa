package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// cloneFlags are the namespaces of clone(2), each with its option of unshare(1).
var cloneFlags = []flagName{
	{unix.CLONE_NEWUSER, "CLONE_NEWUSER", "--user"},
	{unix.CLONE_NEWNS, "CLONE_NEWNS", "--mount"},
	{unix.CLONE_NEWUTS, "CLONE_NEWUTS", "--uts"},
	{unix.CLONE_NEWIPC, "CLONE_NEWIPC", "--ipc"},
	{unix.CLONE_NEWNET, "CLONE_NEWNET", "--net"},
	{unix.CLONE_NEWPID, "CLONE_NEWPID", "--pid"},
	{unix.CLONE_NEWCGROUP, "CLONE_NEWCGROUP", "--cgroup"},
	{unix.CLONE_FS, "CLONE_FS", ""},
}

// Clone is clone(2) followed by execve(2), as exec.Cmd does them: it starts the
// command in the new namespaces that its SysProcAttr.Cloneflags name and, by clone3(2),
// in the cgroup whose directory SysProcAttr.CgroupFD is. The shell form starts a shell
// in the command's place, which takes the steps of init.
func Clone(why string, cmd *exec.Cmd) error {
	tell(why, func() (string, string) {
		attr := cmd.SysProcAttr
		flags, shell := names(cloneFlags, attr.Cloneflags), unshareCommand(attr)
		if !attr.UseCgroupFD {
			return fmt.Sprintf("clone(%s|SIGCHLD)", flags), shell
		}
		return fmt.Sprintf("clone3({.flags=%s|CLONE_INTO_CGROUP, .exit_signal=SIGCHLD, .cgroup=%d})", flags, attr.CgroupFD),
			command("sh", "-c", joinCommand(attr.CgroupFD)+" && exec "+shell)
	})
	return context(cmd.Start(), "start a process in new namespaces")
}

// joinCommand moves the shell into the cgroup whose directory is open as fd: a shell has
// no way to start a process in there.
func joinCommand(fd int) string {
	group, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		group = fmt.Sprintf("/proc/self/fd/%d", fd)
	}
	return "echo 0 >" + Quote(group+"/cgroup.procs")
}

// unshareCommand is the unshare(1) command for what Clone does. unshare changes
// itself and then forks, where clone makes the child in the namespaces at once.
func unshareCommand(attr *syscall.SysProcAttr) string {
	words := append([]string{"unshare", "--fork"}, options(cloneFlags, attr.Cloneflags)...)
	for _, m := range attr.UidMappings {
		words = append(words, fmt.Sprintf("--map-users=%d,%d,%d", m.HostID, m.ContainerID, m.Size))
	}
	for _, m := range attr.GidMappings {
		words = append(words, fmt.Sprintf("--map-groups=%d,%d,%d", m.HostID, m.ContainerID, m.Size))
	}
	if attr.Credential != nil {
		words = append(words, "--setuid", fmt.Sprint(attr.Credential.Uid), "--setgid", fmt.Sprint(attr.Credential.Gid))
	}
	if attr.Cloneflags&unix.CLONE_NEWNS != 0 {
		words = append(words, "--propagation", "unchanged")
	}
	if attr.Pdeathsig != 0 {
		words = append(words, "--kill-child")
	}
	return command(append(words, "sh")...)
}

// Unshare is unshare(2): it gives the calling thread, not the process, a copy of
// its own of what flags name. The caller holds the thread (runtime.LockOSThread).
func Unshare(why string, flags int) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("unshare(%s)", names(cloneFlags, uintptr(flags))), ""
	})
	return context(unix.Unshare(flags), "unshare %s", names(cloneFlags, uintptr(flags)))
}

// Setns is setns(2): the calling thread, not the process, joins the namespaces
// that fd stands for: of the kinds in nstype, if fd is a pidfd (Linux 5.8). The
// caller holds the thread (runtime.LockOSThread).
func Setns(why string, fd, nstype int) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("setns(%d, %s)", fd, names(cloneFlags, uintptr(nstype))), ""
	})
	return context(unix.Setns(fd, nstype), "setns %s", names(cloneFlags, uintptr(nstype)))
}

// Sethostname is sethostname(2), in the UTS namespace of the caller.
func Sethostname(why, name string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("sethostname(%q, %d)", name, len(name)), command("hostname", name)
	})
	return context(unix.Sethostname([]byte(name)), "set the host name to %s", name)
}

// Exec is execve(2): the process keeps its pid, its namespaces and its open files
// and becomes another program. It returns only if that fails.
func Exec(why, path string, argv, env []string) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("execve(%q, %s, %s)", path, vector(argv), vector(env)),
			command(append(append([]string{"exec", "env", "-i"}, env...), argv...)...)
	})
	return context(unix.Exec(path, argv, env), "exec %s", path)
}

// vector writes an argument vector as C does.
func vector(words []string) string {
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, fmt.Sprintf("%q", word))
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// CloseRange is close_range(2): it closes the file descriptors first to last, or
// with CLOSE_RANGE_CLOEXEC has execve(2) close them. Linux 5.9, the flag 5.11.
func CloseRange(why string, first, last, flags uint) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("close_range(%d, %#x, %#x)", first, last, flags), ":"
	})
	return context(unix.CloseRange(first, last, flags), "close the file descriptors from %d on", first)
}

// Prlimit is prlimit(2): it sets a resource limit of another process, as ulimit does for
// the shell itself.
func Prlimit(why string, pid, resource int, limit *unix.Rlimit) error {
	tell(why, func() (string, string) {
		return fmt.Sprintf("prlimit(%d, %d, {%d, %d}, NULL)", pid, resource, limit.Cur, limit.Max),
			command("prlimit", "--pid") + fmt.Sprintf(" $pid --%s=%s:%s", rlimitNames[resource], rlimit(limit.Cur), rlimit(limit.Max))
	})
	return context(unix.Prlimit(pid, resource, limit, nil), "set the limit %s of process %d", rlimitNames[resource], pid)
}

// rlimitNames are the limits of getrlimit(2) by prlimit(1)'s names for them.
var rlimitNames = map[int]string{
	unix.RLIMIT_CORE: "core", unix.RLIMIT_CPU: "cpu", unix.RLIMIT_DATA: "data", unix.RLIMIT_FSIZE: "fsize",
	unix.RLIMIT_LOCKS: "locks", unix.RLIMIT_MEMLOCK: "memlock", unix.RLIMIT_MSGQUEUE: "msgqueue",
	unix.RLIMIT_NICE: "nice", unix.RLIMIT_NOFILE: "nofile", unix.RLIMIT_NPROC: "nproc", unix.RLIMIT_RSS: "rss",
	unix.RLIMIT_RTPRIO: "rtprio", unix.RLIMIT_RTTIME: "rttime", unix.RLIMIT_SIGPENDING: "sigpending",
	unix.RLIMIT_STACK: "stack",
}

// rlimit writes a limit as prlimit(1) reads it.
func rlimit(n uint64) string {
	if n == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return fmt.Sprint(n)
}
