package resources

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/internal/flags"
	"drydock/stage2-cgroups/cgroup"
)

// files are what record.sh looked at.
var files = strings.Fields(`memory.max memory.high memory.low memory.min memory.swap.max
	cpu.max cpu.weight cpu.idle cpu.max.burst cpuset.cpus cpuset.mems pids.max io.max io.weight`)

// TestKernelDocker has the kernel take the lines of each recorded case, and compares
// what the files then say with what they said under Docker.
func TestKernelDocker(t *testing.T) {
	needControllers(t)
	var all cgroup.Limits // one line for each controller, so that all are delegated
	for _, file := range []string{"memory.max", "cpu.max", "pids.max"} {
		all.Put(file, "max")
	}
	all.Put("cpuset.cpus", "")
	all.Put("io.weight", "100")
	baseline := read(t, group(t, all))
	for _, r := range cases(t) {
		if different[r.name()] != "" || r.Exit != 0 && r.Fails != "start" {
			continue
		}
		g := group(t, all)
		err := apply(g, r)
		if refused := err != nil; refused != (r.Exit != 0) && len(r.Limits) == 0 && !strings.Contains(r.name(), "--ulimit") {
			t.Errorf("%s: error %v, and Docker's status was %d: %s", r.name(), err, r.Exit, r.Stderr)
		}
		if r.Exit == 0 {
			got := read(t, g)
			for file, value := range baseline {
				if got[file] == value {
					delete(got, file)
				}
			}
			if diff := cmp.Diff(here(t, r.Files), got); diff != "" {
				t.Errorf("%s (-Docker +we):\n%s", r.name(), diff)
			}
		}
		if err := g.Remove(); err != nil {
			t.Fatal(err)
		}
	}
}

// apply does what run and update would do with the flags of a case.
func apply(g *cgroup.Group, r recorded) error {
	resources, err := parse(r.Flags)
	if err != nil {
		return err
	}
	lines, err := resources.Limits()
	if err != nil {
		return err
	}
	if err := g.Set(lines); err != nil || r.Update == nil {
		return err
	}
	var change Resources
	if _, err := flags.Parse(UpdateFlags(&change), r.Update); err != nil {
		return err
	}
	_, lines, err = resources.Update(change)
	if err != nil {
		return err
	}
	return g.Set(lines)
}

// here replaces the number of the disk by the one it has on this machine.
func here(t *testing.T, recorded map[string]string) map[string]string {
	t.Helper()
	number, err := deviceNumber("/dev/vda")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, value := range recorded {
		files[name] = regexp.MustCompile(`^\d+:0 `).ReplaceAllString(value, number+" ")
	}
	return files
}

// TestKernelCpuset pins a process to one CPU.
func TestKernelCpuset(t *testing.T) {
	needControllers(t)
	r := Resources{CpusetCpus: "1"}
	cmd := start(t, group(t, limits(t, r)), "sleep", "1000")
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(status), "\nCpus_allowed_list:\t1\n") {
		t.Errorf("not pinned:\n%s", status)
	}
}

// TestKernelWeights has two busy loops share a CPU one to three.
func TestKernelWeights(t *testing.T) {
	needControllers(t)
	light := group(t, append(limits(t, Resources{CpusetCpus: "0"}), cgroup.Limit{File: "cpu.weight", Value: "100"}))
	heavy := group(t, append(limits(t, Resources{CpusetCpus: "0"}), cgroup.Limit{File: "cpu.weight", Value: "300"}))
	for _, g := range []*cgroup.Group{light, heavy} {
		start(t, g, "sh", "-c", "while :; do :; done")
	}
	// Measured by what the two have used: from when both run until they have used 3 s.
	wait(t, func() bool { return used(t, light) > 0.1 && used(t, heavy) > 0.1 })
	l, h := used(t, light), used(t, heavy)
	wait(t, func() bool { return used(t, light)+used(t, heavy) > l+h+3 })
	ratio := (used(t, heavy) - h) / (used(t, light) - l)
	if math.Abs(ratio-3) > 0.45 {
		t.Errorf("they share 1 to %.2f, want 1 to 3", ratio)
	}
}

// TestKernelThrottle reads a disk, past the page cache, at the speed that it is allowed.
func TestKernelThrottle(t *testing.T) {
	needControllers(t)
	const rate, size = 4 << 20, 12 << 20
	var r Resources
	if _, err := flags.Parse(Flags(&r), []string{"--device-read-bps", fmt.Sprintf("/dev/vda:%d", rate)}); err != nil {
		t.Fatal(err)
	}
	g := group(t, limits(t, r))
	began := time.Now()
	cmd := start(t, g, "dd", "if=/dev/vda", "of=/dev/null", "bs=64k", fmt.Sprintf("count=%d", size>>16), "iflag=direct")
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	speed := float64(size) / time.Since(began).Seconds()
	if math.Abs(speed-rate) > 0.15*rate {
		t.Errorf("%.0f bytes a second, want %d", speed, rate)
	}
}

// TestKernelApply sets what belongs to a process.
func TestKernelApply(t *testing.T) {
	needControllers(t)
	r, err := parse([]string{"--ulimit", "nofile=100:200", "--ulimit", "core=0", "--oom-score-adj", "500"})
	if err != nil {
		t.Fatal(err)
	}
	cmd := start(t, group(t, nil), "sleep", "1000")
	if err := r.Apply(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"limits":        `(?m)^Max open files +100 +200 +files`,
		"oom_score_adj": `^500\n$`,
	} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", cmd.Process.Pid, file))
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(want).Match(text) {
			t.Errorf("%s has no %s:\n%s", file, want, text)
		}
	}
	for _, r := range cases(t) {
		if r.Exit != 0 || len(r.Limits) == 0 {
			continue
		}
		resources, err := parse(r.Flags)
		if err != nil {
			t.Fatal(err)
		}
		cmd := start(t, group(t, nil), "sleep", "1000")
		if err := resources.Apply(cmd.Process.Pid); err != nil {
			t.Errorf("%s: %v", r.name(), err)
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range r.Limits {
			soft, hard, _ := strings.Cut(value, " ")
			if !regexp.MustCompile(`(?m)^` + name + ` +` + soft + ` +` + hard + ` `).Match(text) {
				t.Errorf("%s: %s is not %s:\n%s", r.name(), name, value, text)
			}
		}
		stop(t, cmd)
	}
}

func needControllers(t *testing.T) {
	t.Helper()
	text, _ := os.ReadFile("/sys/fs/cgroup/cgroup.controllers")
	if os.Geteuid() == 0 && strings.Contains(string(text), "memory") {
		return
	}
	if os.Getenv("DRYDOCK_VM") == "1" {
		t.Fatal("nothing may be skipped here: no cgroup v2 controllers, or not root")
	}
	t.Skip("needs root and the cgroup v2 controllers: make test runs this in the VM")
}

var groups int

// group makes a group and removes it at the end of the test.
func group(t *testing.T, lines cgroup.Limits) *cgroup.Group {
	t.Helper()
	groups++
	parent := fmt.Sprintf("/drydock-resources-%d", os.Getpid())
	g, err := cgroup.Create(parent, fmt.Sprint("box", groups), lines)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
		_ = os.Remove(filepath.Dir(g.Path)) // the last one removes the parent
	})
	return g
}

func limits(t *testing.T, r Resources) cgroup.Limits {
	t.Helper()
	lines, err := r.Limits()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// read returns what the files of a group say.
func read(t *testing.T, g *cgroup.Group) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(g.Path, file))
		if err != nil {
			t.Fatal(err)
		}
		values[file] = strings.TrimSpace(string(text))
	}
	return values
}

// start starts a program in a group, and kills it at the end of the test.
func start(t *testing.T, g *cgroup.Group, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	g.Into(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, cmd) })
	return cmd
}

// stop kills a program and waits for its end.
func stop(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if cmd.ProcessState != nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait() // it says that it was killed
}

// used is the CPU time of a group, in seconds.
func used(t *testing.T, g *cgroup.Group) float64 {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.Path, "cpu.stat"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "usage_usec ")
	line, _, _ := strings.Cut(after, "\n")
	usec, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return float64(usec) / 1e6
}

// wait waits until something is true, without taking CPU time from those measured.
func wait(t *testing.T, until func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !until(); {
		if time.Now().After(deadline) {
			t.Fatal("it did not come true in a minute")
		}
		if _, err := unix.Poll(nil, 50); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
}
