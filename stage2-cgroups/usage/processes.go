package usage

import (
	"cmp"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"drydock/internal/proc"
)

// Processes returns the host's pids of the processes in the cgroup whose directory is path
// and in those below it, the oldest first: that is the container's first process as long
// as it lives. (Of two born in the same hundredth of a second, the lower pid.)
func Processes(path string) ([]int, error) {
	var pids []int
	born := map[int]uint64{}
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "cgroup.procs" {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, line := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(line) // the kernel writes numbers there
			pids = append(pids, pid)
			if born[pid], err = proc.StartTime(pid); err != nil {
				born[pid] = math.MaxUint64 // it is gone: younger than any
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(pids, func(a, b int) int {
		return cmp.Or(cmp.Compare(born[a], born[b]), cmp.Compare(a, b))
	})
	return pids, nil
}
