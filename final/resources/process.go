package resources

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// Apply sets on a process what belongs to a process and is inherited by those that it
// starts. It is called for init while that waits for its configuration. Raising a hard
// limit takes CAP_SYS_RESOURCE. prlimit(2), proc_pid_oom_score_adj(5).
func (r Resources) Apply(pid int) error {
	for _, ulimit := range r.Ulimits {
		limit, err := ulimit.GetRlimit()
		if err != nil {
			return err
		}
		value := unix.Rlimit{Cur: limit.Soft, Max: limit.Hard} // -1 is RLIM_INFINITY
		if err := kernel.Prlimit("a limit of each process", pid, limit.Type, &value); err != nil {
			return fmt.Errorf("--ulimit %s: %w", ulimit, err)
		}
	}
	if r.OOMScoreAdj == 0 {
		return nil
	}
	return kernel.WriteFile("who goes first when memory runs out",
		fmt.Sprintf("/proc/%d/oom_score_adj", pid), strconv.FormatInt(r.OOMScoreAdj, 10))
}
