package kit

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// condition answers [later] in scripts, and what the host decides.
func (s Suite) condition(cond string) (bool, error) {
	if cond == "later" {
		return s.As != "", nil
	}
	return condition(cond)
}

// condition answers [feature:NAME] and [kernel:6.1] in scripts.
func condition(cond string) (bool, error) {
	return have(strings.TrimPrefix(cond, "feature:"))
}

// have tells whether this host has a feature that hosts differ in.
func have(feature string) (bool, error) {
	kind, value, _ := strings.Cut(feature, ":")
	switch {
	case feature == "userns":
		return haveUserns(), nil
	case kind == "kernel" && value != "":
		var uts unix.Utsname
		if err := unix.Uname(&uts); err != nil {
			return false, err
		}
		return kernelAtLeast(unix.ByteSliceToString(uts.Release[:]), value)
	case kind == "command" && value != "":
		_, err := exec.LookPath(value)
		return err == nil, nil
	case kind == "cgroup2" && value != "":
		return haveController(value)
	}
	return false, fmt.Errorf("unknown feature %q; known are userns, kernel:VERSION, cgroup2:CONTROLLER, command:NAME", feature)
}

// haveUserns tries what sysctls, security modules and limits may each forbid: a plain
// user makes a user namespace.
func haveUserns() bool {
	cmd := exec.Command("unshare", "--user", "true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	return cmd.Run() == nil
}

// kernelAtLeast compares a release such as 6.1.0-18-amd64 with a version such as 6.1.
func kernelAtLeast(release, version string) (bool, error) {
	have, err := versionOf(release)
	if err != nil {
		return false, err
	}
	want, err := versionOf(version)
	if err != nil {
		return false, err
	}
	return slices.Compare(have, want) >= 0, nil
}

// versionOf returns the two numbers that a kernel release begins with.
func versionOf(release string) ([]int, error) {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return nil, fmt.Errorf("kernel version %q has no two numbers", release)
	}
	minor := strings.FieldsFunc(parts[1], func(c rune) bool { return c < '0' || c > '9' })
	if len(minor) == 0 {
		return nil, fmt.Errorf("kernel version %q has no two numbers", release)
	}
	var version []int
	for _, part := range []string{parts[0], minor[0]} {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil, fmt.Errorf("kernel version %q: %w", release, err)
		}
		version = append(version, n)
	}
	return version, nil
}

// haveController tells whether a cgroup v2 hierarchy has the controller. A hybrid
// host has one without any. See cgroups(7).
func haveController(name string) (bool, error) {
	mounts, err := mountsOf("cgroup2")
	if err != nil {
		return false, err
	}
	for _, dir := range mounts {
		data, err := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
		if err != nil {
			return false, err
		}
		if slices.Contains(strings.Fields(string(data)), name) {
			return true, nil
		}
	}
	return false, nil
}

// mountsOf returns where filesystems of the given types are mounted.
func mountsOf(types ...string) ([]string, error) {
	data, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return nil, err
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		// See proc_pid_mountinfo(5): the type follows a lone hyphen.
		front, back, _ := strings.Cut(line, " - ")
		if kind, _, _ := strings.Cut(back, " "); slices.Contains(types, kind) {
			dirs = append(dirs, strings.Fields(front)[4])
		}
	}
	return dirs, nil
}
