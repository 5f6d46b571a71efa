package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// The problem: daemons and runtimes leave things all over a machine, and somebody may press Ctrl-C at any time. So there are three
// processes. The one that was called makes a folder and a cgroup, and removes both in the end, whatever that is. It starts PID 1 of
// new namespaces, and that the one that measures. If PID 1 is killed, the kernel kills all that came from it, daemons and containers
// too, and their mounts, links and firewall rules go with the namespaces: pid_namespaces(7).

// outside is the process that was called. It returns when nothing is left but the results.
func outside(args []string) (err error) {
	interrupted, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("/var/tmp", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	group, err := newGroup(filepath.Base(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeGroup(group.Name())) }()

	runtime.LockOSThread() // Pdeathsig is sent when this thread ends
	cmd := exec.CommandContext(interrupted, self, append([]string{"first", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(self)+":"+os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID,
		// After it is born in the cgroup, which so becomes the root of what it sees: cgroup_namespaces(7).
		Unshareflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP,
		UseCgroupFD:  true, CgroupFD: int(group.Fd()),
		Setpgid:   true, // Ctrl-C is for this process alone
		Pdeathsig: unix.SIGKILL,
	}
	err = cmd.Run()
	if interrupted.Err() != nil {
		return errors.New("interrupted; nothing is left behind")
	}
	return err
}

// newGroup makes a cgroup in a hierarchy that is mounted nowhere: fsmount(2), Linux 5.2. So it does not matter where the machine has
// its own.
func newGroup(name string) (*os.File, error) {
	context, err := unix.Fsopen("cgroup2", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("open cgroup2: %w", err)
	}
	defer unix.Close(context)
	if err := unix.FsconfigCreate(context); err != nil {
		return nil, fmt.Errorf("configure cgroup2: %w", err)
	}
	hierarchy, err := unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("mount cgroup2: %w", err)
	}
	path := fmt.Sprintf("/proc/self/fd/%d/%s", hierarchy, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, err
	}
	return os.Open(path)
}

// removeGroup removes a cgroup and all that are below it.
func removeGroup(path string) error {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, removeGroup(filepath.Join(path, entry.Name())))
		}
	}
	return errors.Join(err, unix.Rmdir(path))
}

// first is PID 1 inside. It arranges what all tools share, starts the process that measures, and reaps what others leave.
func first(args []string) error {
	dir, args := args[0], args[1:]
	if err := arrange(dir); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	process, err := os.StartProcess(self, append([]string{self, "measure", dir}, args...), &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		switch {
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait: %w", err)
		case err == nil && pid == process.Pid && status != 0:
			return errors.New("not measured")
		case err == nil && pid == process.Pid:
			return nil
		}
	}
}

// arrange mounts what belongs to the namespaces, and layers to write on where tools write on the machine itself.
func arrange(dir string) error {
	const harmless = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	for _, at := range []string{"/etc", "/var/lib"} {
		upper, work := filepath.Join(dir, "upper"+at), filepath.Join(dir, "work"+at)
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", at, upper, work)
		if err := unix.Mount("overlay", at, "overlay", 0, options); err != nil {
			return fmt.Errorf("mount overlay on %s: %w", at, err)
		}
	}
	if err := unix.Unmount("/sys/fs/cgroup", unix.MNT_DETACH); err != nil { // it may be a hybrid of two versions, which not all tools know
		return fmt.Errorf("unmount /sys/fs/cgroup: %w", err)
	}
	for _, m := range []struct{ kind, at string }{{"proc", "/proc"}, {"cgroup2", "/sys/fs/cgroup"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m.kind, m.at, m.kind, harmless, ""); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.kind, m.at, err)
		}
	}
	if err := errors.Join(os.Mkdir("/run/netns", 0o755), os.Mkdir("/run/lock", 0o755), os.Mkdir("/sys/fs/cgroup/bench", 0o755)); err != nil {
		return err
	}
	// No process may be in a cgroup that gives controllers to those below it: cgroups(7).
	return os.WriteFile("/sys/fs/cgroup/bench/cgroup.procs", []byte("0"), 0)
}
