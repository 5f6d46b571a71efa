package usage

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Processes returns the host's pids of the processes in the cgroup whose directory is path
// and in those below it, the oldest first: that is the container's first process as long
// as it lives. (Of two born in the same hundredth of a second, the lower pid.)
func Processes(path string) ([]int, error) {
	var pids []int
	born := map[int]int{}
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return err
		}
		text, err := os.ReadFile(file)
		for _, line := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(line) // the kernel writes numbers there
			pids = append(pids, pid)
			born[pid] = startTime(pid)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(pids, func(a, b int) int {
		return cmp.Or(cmp.Compare(born[a], born[b]), cmp.Compare(a, b))
	})
	return pids, nil
}

// startTime is when a process was started, in clock ticks since boot: the 22nd field of
// its line in proc_pid_stat(5). For a process that is gone it is later than any.
func startTime(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return math.MaxInt
	}
	// The second field is the program's name in parentheses, whatever is in it.
	after := string(text[bytes.LastIndexByte(text, ')')+1:])
	ticks, err := strconv.Atoi(strings.Fields(after)[22-3])
	if err != nil {
		return math.MaxInt
	}
	return ticks
}
