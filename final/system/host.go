package system

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage2-cgroups/cgroup"
)

// kernelVersion is what uname(2) says, or nothing.
func kernelVersion() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return text(name.Release[:])
}

// machine is the host's kind of processor, as uname(2) has it.
func machine() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return ""
	}
	return text(name.Machine[:])
}

func text(zeroTerminated []byte) string {
	before, _, _ := bytes.Cut(zeroTerminated, []byte{0})
	return string(before)
}

// memory is how many bytes the host has, by sysinfo(2).
func memory() (int64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("ask for the host's memory: %w", err)
	}
	return int64(info.Totalram) * int64(info.Unit), nil //nolint:gosec // no host has 8 EiB
}

// distribution is what os-release(5) says that the host is, and of which version.
func distribution() (name, version string) {
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		content, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if plain, err := strconv.Unquote(value); err == nil {
				value = plain
			}
			switch key {
			case "PRETTY_NAME":
				name = value
			case "VERSION_ID":
				version = value
			}
		}
		break
	}
	if name == "" {
		name = "Linux"
	}
	return name, version
}

// controllers are those of cgroup v2 by which containers can be limited. Where that is not mounted, there are none.
func controllers() (list []string, mounted bool) {
	tree, err := cgroup.FindTree()
	if err != nil {
		return nil, false
	}
	list, err = tree.Controllers()
	return list, err == nil
}

// forwards tells whether the host passes on packets of IPv4.
func forwards() bool {
	value, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
	return err == nil && strings.TrimSpace(string(value)) == "1"
}

// warnings are Docker's about what the host cannot do.
func warnings(controllers []string, forwarding bool) (all []string) {
	for _, w := range []struct{ controller, what string }{
		{"memory", "memory limit"},
		{"memory", "swap limit"},
		{"cpu", "cpu cfs quota"},
		{"cpu", "cpu cfs period"},
		{"cpu", "cpu shares"},
		{"cpuset", "cpuset"},
		{"io", "io.weight"},
		{"io", "io.weight (per device)"},
		{"io", "io.max (rbps)"},
		{"io", "io.max (wbps)"},
		{"io", "io.max (riops)"},
		{"io", "io.max (wiops)"},
	} {
		if !slices.Contains(controllers, w.controller) {
			all = append(all, "WARNING: No "+w.what+" support")
		}
	}
	if !forwarding {
		all = append(all, "WARNING: IPv4 forwarding is disabled")
	}
	return all
}

// fileSystem is what a directory is on, in Docker's words where it has any.
func fileSystem(dir string) string {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return "<unknown>"
	}
	names := map[int64]string{
		unix.EXT4_SUPER_MAGIC: "extfs", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs",
		unix.TMPFS_MAGIC: "tmpfs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs", unix.NFS_SUPER_MAGIC: "nfs",
	}
	if name := names[int64(stat.Type)]; name != "" { //nolint:unconvert // it is an int32 on other machines
		return name
	}
	return "<unknown>"
}
