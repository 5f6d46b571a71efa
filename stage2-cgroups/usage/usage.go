// Package usage reads which processes a cgroup has, and what they use together.
//
// The problem: whoever sets a limit wants to know how close a container is to it, and
// what became of one that was killed.
//
// The kernel feature: beside every limit of a cgroup lies its meter, a file to read:
//
//	cat /sys/fs/cgroup/drydock/web/memory.current
//
// To read: cgroups(7), Documentation/admin-guide/cgroup-v2.rst, and for the pressure
// files Documentation/accounting/psi.rst.
package usage

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What numbers say that are none.
const (
	Unlimited = -1 // the value of a limit that says "max"
	Absent    = -2 // the value of a meter whose file is not there
)

// Stats are the meters of a group, as its files have them. A file is Absent where its
// controller is, or on a kernel that is too old for it.
type Stats struct {
	Memory, MemoryPeak, MemoryMax int64 // bytes
	Pids, PidsMax                 int64
	CPU                           time.Duration // time that processes have been running
	Throttled                     int64         // periods in which they had to wait for the next
	ThrottledFor                  time.Duration
	// Pressure is the share of the last ten seconds, in percent, in which some process
	// had to wait for cpu, memory or io. Nil on a kernel that does not measure it.
	Pressure map[string]float64
}

// A group is the directory of a cgroup.
type group string

// Read reads the meters of the cgroup whose directory is path.
func Read(path string) (Stats, error) {
	g := group(path)
	cpu, err := g.pairs("cpu.stat")
	if err != nil {
		return Stats{}, err
	}
	s := Stats{
		Memory:       g.number("memory.current"),
		MemoryPeak:   g.number("memory.peak"), // Linux 5.19
		MemoryMax:    g.number("memory.max"),
		Pids:         g.number("pids.current"),
		PidsMax:      g.number("pids.max"),
		CPU:          time.Duration(cpu["usage_usec"]) * time.Microsecond,
		Throttled:    Absent,
		ThrottledFor: time.Duration(cpu["throttled_usec"]) * time.Microsecond,
	}
	if n, measured := cpu["nr_throttled"]; measured {
		s.Throttled = n
	}
	for _, resource := range []string{"cpu", "memory", "io"} {
		percent, err := g.pressure(resource)
		if err != nil {
			return s, nil //nolint:nilerr // a kernel without, as Stats says
		}
		if s.Pressure == nil {
			s.Pressure = map[string]float64{}
		}
		s.Pressure[resource] = percent
	}
	return s, nil
}

// OutOfMemory returns an error if the kernel has killed processes of the group because
// memory had run out and nothing could be taken back from anybody.
func OutOfMemory(path string) error {
	g := group(path)
	events, err := g.pairs("memory.events")
	if err != nil || events["oom_kill"] == 0 {
		return nil //nolint:nilerr // no such file: nothing is killed without the controller
	}
	if events["oom"] == 0 { // not this group was full
		return fmt.Errorf("out of memory: the kernel killed %d of the container's processes, as the host or a group above had no more", events["oom_kill"])
	}
	return fmt.Errorf("out of memory: the kernel killed %d of the container's processes at memory.max (%d bytes): give it more with --memory",
		events["oom_kill"], g.number("memory.max"))
}

// number reads a file that has one number, or "max".
func (g group) number(file string) int64 {
	text, err := os.ReadFile(filepath.Join(string(g), file))
	if err != nil {
		return Absent
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return Unlimited
	}
	return n
}

// pairs reads a file with a name and a number on each line.
func (g group) pairs(file string) (map[string]int64, error) {
	text, err := os.ReadFile(filepath.Join(string(g), file))
	if err != nil {
		return nil, err
	}
	values := map[string]int64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if values[name], err = strconv.ParseInt(value, 10, 64); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", g, file, err)
		}
	}
	return values, nil
}

// pressure reads avg10 of the first line, "some avg10=1.23 …", in percent.
func (g group) pressure(resource string) (float64, error) {
	text, err := os.ReadFile(filepath.Join(string(g), resource+".pressure"))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), "avg10=")
	value, _, _ := strings.Cut(after, " ")
	return strconv.ParseFloat(value, 64)
}
