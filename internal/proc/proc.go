// Package proc tells processes apart. A pid comes to mean another process once its own has
// ended; together with the time of its start it does not.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// StartTime is when a process was started, in clock ticks since boot. A process that has
// ended, be it that nobody has waited for it yet, is an error: fs.ErrNotExist.
func StartTime(pid int) (uint64, error) {
	text, err := ReadFile(fmt.Sprintf("/proc/%d/stat", pid), make([]byte, 1<<10))
	if errors.Is(err, unix.ESRCH) { // it went between open and read
		err = fs.ErrNotExist
	}
	if err != nil {
		return 0, err
	}
	// The second field is the program's name in parentheses, whatever is in it. See
	// proc_pid_stat(5): the third is the state, the 22nd the time.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 20 {
		return 0, fmt.Errorf("/proc/%d/stat has only %d fields", pid, 2+len(fields))
	}
	if fields[0] == "Z" && threads(pid) < 2 {
		return 0, fmt.Errorf("process %d has ended: %w", pid, fs.ErrNotExist)
	}
	return strconv.ParseUint(fields[22-3], 10, 64)
}

// threads counts the threads of a process. Its first one may have ended before the others,
// and then is a zombie while the process lives.
func threads(pid int) int {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid)) // gone: none
	return len(tasks)
}

// bootID is the kernel's name for the time since it was booted: boot_id in proc_sys_kernel(5).
var bootID = sync.OnceValues(func() (string, error) {
	text, err := ReadFile("/proc/sys/kernel/random/boot_id", make([]byte, 64))
	return strings.TrimSpace(string(text)), err
})

// An ID is one process, now and after the machine has been booted again: then another may have its pid, and be as old, too. The
// zero value is none.
type ID struct {
	Pid   int    `json:"pid"`
	Start uint64 `json:"start"`          // clock ticks since boot
	Boot  string `json:"boot,omitempty"` // since which
}

// Of returns the identity of a living process.
func Of(pid int) (ID, error) {
	start, err := StartTime(pid)
	if err != nil {
		return ID{}, err
	}
	boot, err := bootID()
	if err != nil {
		return ID{}, err
	}
	return ID{pid, start, boot}, nil
}

// Alive tells whether the process has not ended yet. In doubt it has not.
func (id ID) Alive() bool {
	if id.Pid == 0 || id.Past() {
		return false
	}
	start, err := StartTime(id.Pid)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return err != nil || start == id.Start
}

// Past tells whether it was a process of an earlier boot. In doubt it was not.
func (id ID) Past() bool {
	boot, err := bootID()
	return err == nil && id.Pid != 0 && id.Boot != boot
}
