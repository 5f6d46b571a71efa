package resources

import (
	"errors"
	"slices"

	"drydock/stage2-cgroups/cgroup"
)

// Update returns what r becomes by a change, of which each field that is not zero holds,
// and the lines that make it so in the running container's cgroup.
func (r Resources) Update(change Resources) (Resources, cgroup.Limits, error) {
	if err := r.refuse(change); err != nil {
		return r, nil, err
	}
	next := r
	next.MemorySwap = r.swap()
	replace(&next.Memory, change.Memory)
	replace(&next.MemorySwap, change.MemorySwap)
	replace(&next.MemoryReservation, change.MemoryReservation)
	replace(&next.NanoCPUs, change.NanoCPUs)
	replace(&next.CPUShares, change.CPUShares)
	replace(&next.CPUQuota, change.CPUQuota)
	replace(&next.CPUPeriod, change.CPUPeriod)
	replace(&next.CpusetCpus, change.CpusetCpus)
	replace(&next.CpusetMems, change.CpusetMems)
	replace(&next.BlkioWeight, change.BlkioWeight)
	replace(&next.Pids, change.Pids)
	switch {
	case next.MemorySwap > 0 && next.Memory == 0:
		return r, nil, errors.New("unable to set swap limit without memory limit")
	case next.MemorySwap > 0 && next.MemorySwap < next.Memory:
		return r, nil, errors.New("memory+swap limit should be >= memory limit")
	}
	lines, err := changes(r, next)
	return next, lines, err
}

// replace has a field take a value that says something.
func replace[T comparable](field *T, value T) {
	var nothing T
	if value != nothing {
		*field = value
	}
}

// swap is the limit of memory and swap together, which is twice the memory if nothing
// else was said.
func (r Resources) swap() int64 {
	if r.MemorySwap == 0 {
		return 2 * r.Memory
	}
	return r.MemorySwap
}

// refuse refuses a change that cannot be, or does not go together with what r says.
func (r Resources) refuse(change Resources) error {
	alone := change
	alone.MemorySwap = 0 // it may go with the memory that r has
	if change.Memory > 0 {
		alone.MemorySwap = change.MemorySwap
	}
	if err := alone.Validate(); err != nil {
		return err
	}
	switch {
	case change.MemorySwap == 0 && change.Memory > r.swap():
		return errors.New("memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
	case change.NanoCPUs > 0 && r.CPUQuota > 0:
		return errors.New("conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set")
	case change.NanoCPUs > 0 && r.CPUPeriod > 0:
		return errors.New("conflicting options: Nano CPUs cannot be updated as CPU Period has already been set")
	case change.CPUQuota > 0 && r.NanoCPUs > 0:
		return errors.New("conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set")
	case change.CPUPeriod > 0 && r.NanoCPUs > 0:
		return errors.New("conflicting options: CPU Period cannot be updated as NanoCPUs has already been set")
	}
	return nil
}

// changes are the lines of next that are new, and "max" where a limit is gone.
func changes(before, next Resources) (cgroup.Limits, error) {
	old, err := before.Limits()
	if err != nil {
		return nil, err
	}
	lines, err := next.Limits()
	if err != nil {
		return nil, err
	}
	for _, line := range old {
		if !slices.ContainsFunc(lines, func(l cgroup.Limit) bool { return l.File == line.File }) {
			lines.Put(line.File, "max")
		}
	}
	return slices.DeleteFunc(lines, func(line cgroup.Limit) bool { return slices.Contains(old, line) }), nil
}
