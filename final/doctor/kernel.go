package doctor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage2-cgroups/cgroup"
)

func root() Finding {
	f := Finding{What: "root", Fatal: true}
	if id := os.Geteuid(); id != 0 {
		f.What = fmt.Sprintf("this is user %d", id)
		f.Remedy = "use sudo; stage1 --userns shows what a user can do alone"
	}
	return f
}

// The oldest kernel that has all: what is last is that CLONE_INTO_CGROUP works in a group of one's own (stage 2).
const oldestMajor, oldestMinor = 5, 16

func kernelVersion() Finding {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return Finding{"the kernel", err.Error(), true}
	}
	return judge(unix.ByteSliceToString(name.Release[:]))
}

// judge is the finding about a kernel of this release.
func judge(release string) Finding {
	f := Finding{What: "Linux " + release, Fatal: true}
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil || major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		f.Remedy = fmt.Sprintf("it takes %d.%d: Debian 12 and Ubuntu 22.10 have a newer one, and so has the VM (make shell)", oldestMajor, oldestMinor)
	}
	return f
}

func cgroups() Finding {
	if _, err := cgroup.FindTree(); err != nil {
		return Finding{"cgroups", err.Error(), true}
	}
	return Finding{What: "cgroup v2 is mounted", Fatal: true}
}

// controllers are what limits need. Without them containers run, and limits are refused.
func controllers() []Finding {
	tree, err := cgroup.FindTree()
	if err != nil {
		return nil
	}
	have, err := tree.Controllers()
	if err != nil {
		return []Finding{{What: "the controllers of cgroup v2", Remedy: err.Error()}}
	}
	return []Finding{limits(have)}
}

func limits(have []string) Finding {
	missing := slices.DeleteFunc([]string{"cpu", "cpuset", "io", "memory", "pids"}, func(name string) bool { return slices.Contains(have, name) })
	if len(missing) == 0 {
		return Finding{What: "cgroup controllers cpu, cpuset, io, memory and pids"}
	}
	return Finding{
		What:   "no cgroup controllers " + strings.Join(missing, ", "),
		Remedy: "limits that need them are refused; boot with cgroup_no_v1=all, or have the group above pass them on",
	}
}
