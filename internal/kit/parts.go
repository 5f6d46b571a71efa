package kit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// parts returns what a snapshot is made of: for each part of the machine a function
// that reads it as lines. Two parts are read in two network namespaces, the script's
// and the host's.
func parts(p place) map[string]func() (string, error) {
	return map[string]func() (string, error){
		"mounts":                      readMounts,
		"cgroups":                     func() (string, error) { return readCgroups(p.cgroup) },
		"processes":                   readProcesses,
		"loop devices":                readLoops,
		"SysV IPC objects":            readSysV,
		"POSIX message queues":        readQueues,
		"named network namespaces":    func() (string, error) { return listing("/run/netns", false) },
		"state root":                  func() (string, error) { return readState(p.state) },
		"busybox root":                func() (string, error) { return listing(p.rootfs, false) },
		"network of the host":         onHost(readNetwork),
		"network of the script":       readNetwork,
		"nft ruleset of the host":     onHost(readRuleset),
		"nft ruleset of the script":   readRuleset,
		"sysctls of the host":         onHost(readSysctls),
		"sysctls of the script's net": readSysctls,
	}
}

// onHost makes read run on a thread that is still in the host's namespaces: any but
// the locked one of the script.
func onHost(read func() (string, error)) func() (string, error) {
	return func() (text string, err error) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			text, err = read()
		}()
		<-done
		return text, err
	}
}

func readMounts() (string, error) {
	data, err := os.ReadFile("/proc/thread-self/mountinfo")
	return string(data), err
}

// readCgroups lists the cgroups of every hierarchy. On a host that others use too
// (a service starts, somebody logs in) only those below our own and those that bear
// the project's name are ours to answer for, unless another run of tests has made them. The group parent,
// of which programs make theirs below, stays: it is left out.
func readCgroups(parent string) (string, error) {
	mounts, err := mountsOf("cgroup", "cgroup2")
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	var own []string
	for line := range strings.Lines(string(data)) {
		if path := strings.SplitN(strings.TrimSpace(line), ":", 3)[2]; path != "/" {
			own = append(own, path+"/")
		}
	}
	ours := func(path string) bool {
		return inVM() || strings.Contains(path, "drydock") ||
			slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(path, o) })
	}
	var b strings.Builder
	for _, root := range mounts {
		err := walk(root, func(path string, entry fs.DirEntry) error {
			if path := strings.TrimPrefix(path, root); entry.IsDir() && path != parent && ours(path) && !others(path) {
				fmt.Fprintln(&b, root+path)
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// others tells whether a cgroup is below the parent of another run of tests, or is left from one.
func others(path string) bool {
	var pid int
	_, err := fmt.Sscanf(path, parentGroup+"-%d", &pid)
	return err == nil && pid != os.Getpid()
}

// readProcesses lists our living descendants: all that a script has started, since
// orphans become our children.
func readProcesses() (string, error) {
	table, err := processes()
	var b strings.Builder
	for _, p := range descendants(table, os.Getpid()) {
		if !p.zombie {
			fmt.Fprintf(&b, "pid %d: %s\n", p.pid, commandLine(p.pid))
		}
	}
	return b.String(), err
}

func readLoops() (string, error) {
	return contents("/sys/block/loop*/loop/backing_file")
}

// readSysV lists message queues, semaphores and shared memory: key, id and
// permissions, without the numbers that their use changes. See sysvipc(7).
func readSysV() (string, error) {
	var b strings.Builder
	for _, kind := range []string{"msg", "sem", "shm"} {
		data, err := os.ReadFile("/proc/sysvipc/" + kind)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a kernel without
		}
		if err != nil {
			return "", err
		}
		for line := range strings.Lines(string(data)) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[0] != "key" {
				fmt.Fprintln(&b, kind, strings.Join(fields[:3], " "))
			}
		}
	}
	return b.String(), nil
}

// readQueues lists POSIX message queues, which can be seen only where their
// filesystem is mounted. See mq_overview(7).
func readQueues() (string, error) {
	mounts, err := mountsOf("mqueue")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, dir := range mounts {
		list, err := listing(dir, false)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s:\n%s", dir, list)
	}
	return b.String(), nil
}

// readSysctls lists the settings that a container tool may change. Those below net
// are the calling thread's network namespace's.
func readSysctls() (string, error) {
	return contents(
		"/proc/sys/kernel/hostname",
		"/proc/sys/kernel/domainname",
		"/proc/sys/user/max_user_namespaces",
		"/proc/sys/net/bridge/bridge-nf-call-*",
		"/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/net/ipv4/ip_unprivileged_port_start",
		"/proc/sys/net/ipv4/conf/*/forwarding",
		"/proc/sys/net/ipv4/conf/*/route_localnet",
		"/proc/sys/net/ipv4/conf/*/rp_filter",
		"/proc/sys/net/ipv6/conf/*/forwarding",
		"/proc/sys/net/ipv6/conf/*/disable_ipv6",
	)
}

// kept is what a program makes in a state root and is to leave there: empty folders,
// images, whose addresses are whose, what has happened, and which storage driver works.
var kept = regexp.MustCompile(`(?m)^\S+( \d+ bytes)? /(containers|locks|names|trash|drafts|locks/names|drafts/[a-z]*\.?lock|volumes|volumes/\.lock|events(\.1)?|storage-driver|networks|networks/\.?bridge(\.lock)?|(images|layers)(/.*)?)\n`)

func readState(root string) (string, error) {
	text, err := listing(root, true)
	return kept.ReplaceAllString(text, ""), err
}

// contents lists the files that match the patterns, with what is in each.
func contents(patterns ...string) (string, error) {
	var b strings.Builder
	for _, pattern := range patterns {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // it may go as we look
				return "", err
			}
			fmt.Fprintf(&b, "%s = %s\n", name, strings.TrimSpace(string(data)))
		}
	}
	return b.String(), nil
}

// listing lists the files below dir with their types; in detail, also their
// permissions and, of plain files, the size. A folder that is not there is empty.
func listing(dir string, detail bool) (string, error) {
	var b strings.Builder
	err := walk(dir, func(path string, entry fs.DirEntry) error {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode, size := info.Mode(), ""
		if !detail {
			mode = mode.Type()
		} else if mode.IsRegular() {
			size = fmt.Sprintf(" %d bytes", info.Size())
		}
		name := strings.ReplaceAll(strings.TrimPrefix(path, dir), "\n", "?") // a line a file
		fmt.Fprintf(&b, "%v%s %s\n", mode, size, name)
		return nil
	})
	return b.String(), err
}

// walk calls f with everything below dir. What is gone when its turn comes is left out.
func walk(dir string, f func(path string, entry fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && path != dir {
			err = f(path, entry)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}
