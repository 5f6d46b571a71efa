// Package stats shows what containers use, as docker stats does.
//
// The problem: the kernel counts what a cgroup has used since it was made; people want to know what a
// container uses now, in percent of the machine, and see it change.
//
// The numbers are Docker's: time on a processor between two looks, as a share of what all processors
// had; memory without the pages of files that were not used lately, which the kernel takes back when
// it likes; bytes of the network interfaces, but for lo, of the container's network namespace.
//
// In a shell, each second: grep usage_usec cpu.stat; cat memory.current memory.max io.stat
// pids.current; cat /proc/PID/net/dev. To read: Documentation/admin-guide/cgroup-v2.rst, proc_stat(5),
// proc_pid_net(5).
package stats

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage2-cgroups/usage"
)

// A Container is what is measured.
type Container struct {
	Asked    string // how it was asked for: its name, or the beginning of its id; or its id
	ID, Name string
	Cgroup   string // the directory; nothing if it does not run
	Pid      int    // of its first process
}

// absent is a meter that the machine does not have.
const absent = usage.Absent

// meters are what has been counted at a moment. They may be absent.
type meters struct {
	cpu           int64 // nanoseconds
	memory, limit int64 // bytes
	read, written int64
	in, out       int64
	pids          int64
}

// A look is the meters of all containers, by id, and the time that all processors have had by then.
type look struct {
	all  map[string]meters
	host host
}

// host is the time that a machine's processors have had in all, in nanoseconds, and how many there are.
type host struct {
	time       int64
	processors int64
}

// read looks at containers. One that does not run, or ends meanwhile, has zeros, as in Docker.
func read(containers []Container) (look, error) {
	now := look{all: map[string]meters{}}
	for _, c := range containers {
		m, err := c.read()
		if err == nil {
			now.all[c.ID] = m
		} else if !gone(err) {
			return now, fmt.Errorf("stats of %s: %w", c.Name, err)
		}
	}
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return now, err
	}
	now.host = processors(string(text))
	return now, nil
}

// gone tells whether an error is that of a group, or a process, that has come to an end: files that
// were open before say ENODEV of a group, and of a process ESRCH, or EINVAL if it is in no namespace any more.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL)
}

func (c Container) read() (m meters, err error) {
	if c.Cgroup == "" {
		return m, nil
	}
	used, err := usage.Read(c.Cgroup)
	if err != nil {
		return m, err
	}
	m = meters{cpu: used.CPU.Nanoseconds(), memory: used.Memory, limit: used.MemoryMax, pids: used.Pids, read: absent, written: absent}
	if m.memory >= 0 {
		text, err := os.ReadFile(filepath.Join(c.Cgroup, "memory.stat"))
		if err != nil {
			return m, err
		}
		if idle := value(string(text), "inactive_file"); idle < m.memory {
			m.memory -= idle
		}
		if m.limit, err = limit(m.limit); err != nil {
			return m, err
		}
	}
	text, err := os.ReadFile(filepath.Join(c.Cgroup, "io.stat"))
	if err == nil {
		m.read, m.written = blocks(string(text))
	} else if !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	m.in, m.out, err = c.network()
	return m, err
}

// limit is how much memory a container can have: the machine's, where its own is more.
func limit(own int64) (int64, error) {
	var machine unix.Sysinfo_t
	if err := unix.Sysinfo(&machine); err != nil {
		return 0, os.NewSyscallError("sysinfo", err)
	}
	if all := int64(machine.Totalram) * int64(machine.Unit); own < 0 || own > all {
		return all, nil
	}
	return own, nil
}

// network is what the container's network namespace has received and sent. One that shares the host's
// has none of its own.
func (c Container) network() (in, out int64, err error) {
	dir := fmt.Sprintf("/proc/%d", c.Pid)
	its, err := os.Readlink(dir + "/ns/net")
	if err != nil {
		return 0, 0, err
	}
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil || its == ours {
		return 0, 0, err
	}
	text, err := os.ReadFile(dir + "/net/dev")
	if err != nil {
		return 0, 0, err
	}
	in, out = interfaces(string(text))
	return in, out, nil
}

// value is a number of a file that has a name and a number on each line.
func value(text, name string) int64 {
	for line := range strings.Lines(text) {
		if key, number, _ := strings.Cut(strings.TrimSpace(line), " "); key == name {
			return parse(number)
		}
	}
	return 0
}

func parse(number string) int64 {
	n, _ := strconv.ParseInt(number, 10, 64) // the kernel writes numbers there
	return n
}

// blocks sums up io.stat, "8:0 rbytes=1 wbytes=2 rios=…" for each device.
func blocks(text string) (read, written int64) {
	for _, word := range strings.Fields(text) {
		switch name, number, _ := strings.Cut(word, "="); name {
		case "rbytes":
			read += parse(number)
		case "wbytes":
			written += parse(number)
		}
	}
	return read, written
}

// interfaces sums up /proc/net/dev: after two lines of headings a line for each, with the bytes received
// first, and those sent ninth.
func interfaces(text string) (in, out int64) {
	for line := range strings.Lines(text) {
		name, numbers, isInterface := strings.Cut(strings.TrimSpace(line), ":")
		if fields := strings.Fields(numbers); isInterface && name != "lo" && len(fields) >= 9 {
			in, out = in+parse(fields[0]), out+parse(fields[8])
		}
	}
	return in, out
}

// ticks are how many of the units of /proc/stat a second has: USER_HZ, the same on all architectures
// that Go knows.
const ticks = 100

// processors reads /proc/stat: "cpu" and the sums for all, of which the last two, guests, are in the
// others too, and a line for each.
func processors(text string) (h host) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 8 || !strings.HasPrefix(fields[0], "cpu"):
		case fields[0] == "cpu":
			for _, number := range fields[1:8] {
				h.time += parse(number) * (1e9 / ticks)
			}
		default:
			h.processors++
		}
	}
	return h
}
