package kit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A process is one line of the kernel's process table.
type process struct {
	pid, parent int
	zombie      bool
}

// processes reads the process table. One that ends meanwhile is left out.
func processes() (map[int]process, error) {
	names, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	table := map[int]process{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		if p, ok := parseStat(string(data)); ok {
			table[p.pid] = p
		}
	}
	return table, nil
}

// parseStat reads /proc/PID/stat: "PID (NAME) STATE PARENT …", where NAME may
// itself contain blanks and parentheses. See proc_pid_stat(5).
func parseStat(line string) (process, bool) {
	start, end := strings.Index(line, " ("), strings.LastIndex(line, ") ")
	if start < 0 || end < start {
		return process{}, false
	}
	fields := strings.Fields(line[end+2:])
	if len(fields) < 2 {
		return process{}, false
	}
	pid, err := strconv.Atoi(line[:start])
	if err != nil {
		return process{}, false
	}
	parent, err := strconv.Atoi(fields[1])
	return process{pid: pid, parent: parent, zombie: fields[0] == "Z" || fields[0] == "X"}, err == nil
}

// descendants returns the processes below pid, the nearest first.
func descendants(table map[int]process, pid int) []process {
	children := map[int][]process{}
	for _, p := range table {
		children[p.parent] = append(children[p.parent], p)
	}
	var found []process
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		for _, p := range children[queue[0]] {
			found = append(found, p)
			queue = append(queue, p.pid)
		}
	}
	return found
}

// gone tells whether a process is no longer there. A zombie is gone: it runs nothing
// and holds nothing, and only waits for its parent to read its status.
func gone(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	p, ok := parseStat(string(data))
	return !ok || p.zombie
}

// commandLine tells what a process runs, for messages.
func commandLine(pid int) string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return "?"
	}
	return string(bytes.ReplaceAll(bytes.TrimRight(data, "\x00"), []byte{0}, []byte{' '}))
}

// sameProgram tells whether a process runs the program in file. The inode is
// compared and not the path, which means something else below another root.
func sameProgram(pid int, file os.FileInfo) bool {
	exe, err := os.Stat(fmt.Sprintf("/proc/%d/exe", pid))
	return err == nil && os.SameFile(exe, file)
}

// containerInit looks below pid, pid included, for a process that runs the program
// in file and has a child that runs another one; it returns that child.
func containerInit(pid int, file os.FileInfo) (int, bool) {
	table, err := processes()
	if err != nil {
		return 0, false
	}
	for _, p := range descendants(table, pid) {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/exe", p.pid)); err != nil {
			continue // it is ending, or not yet started
		}
		if !sameProgram(p.pid, file) && sameProgram(p.parent, file) {
			return p.pid, true
		}
	}
	return 0, false
}

// killNew kills every descendant that is not in known, and reaps zombies. It runs
// between two scripts, when nothing here waits for a child of its own: reaping at
// any other time would take the status away from under an exec.Cmd.
func killNew(known map[int]bool) {
	poll(5*time.Second, func() bool {
		table, err := processes()
		if err != nil {
			return true
		}
		left := false
		for _, p := range descendants(table, os.Getpid()) {
			if known[p.pid] {
				continue
			}
			left = true
			// Both may find it gone by now, which is what is wanted.
			_ = unix.Kill(p.pid, unix.SIGKILL)
			_, _ = unix.Wait4(p.pid, nil, unix.WNOHANG, nil)
		}
		return !left
	})
}

// poll asks again and again until ok, and tells whether it came to that in time. It
// is for what the kernel announces to nobody.
func poll(limit time.Duration, ok func() bool) bool {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
