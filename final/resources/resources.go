// Package resources has those of Docker's resource flags that stage 2 leaves out.
//
// There is nothing new in it for the kernel. All flags but two end as lines in files of
// the container's cgroup, which is what stage 2's package cgroup takes: Limits says
// which. Those two, --ulimit and --oom-score-adj, are older than cgroups and belong to a
// process: Apply sets them on the container's first, whose children inherit them.
//
// To read: docker-run(1); Documentation/admin-guide/cgroup-v2.rst; getrlimit(2);
// proc_pid_oom_score_adj(5).
package resources

import (
	"fmt"
	"math"
	"path"
	"strconv"

	"github.com/docker/go-units"

	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/limit"
)

// Resources is what a user asks for, by Docker's names. The zero value of a field says
// nothing: no limit in a new container, no change in an update.
type Resources struct {
	limit.Values                      // --memory, --cpus, --pids-limit
	MemorySwap        int64           // memory and swap together, in bytes; -1: any amount of swap
	MemoryReservation int64           // bytes that are taken back last when memory runs short
	CPUShares         int64           // weight against others on busy CPUs; Docker's usual is 1024
	CPUQuota          int64           // µs of CPU time in each period; -1: no limit
	CPUPeriod         int64           // µs
	CpusetCpus        string          // a list of CPUs: 0-2,5
	CpusetMems        string          // a list of NUMA nodes
	BlkioWeight       int64           // weight against others on a busy disk, 10 to 1000
	Throttles         []Throttle      // how fast a device may be read and written
	Ulimits           []*units.Ulimit // soft and hard limits of each process
	OOMScoreAdj       int64           // from -1000, never the victim, to 1000, the first one
	CgroupParent      string          // the group below which the container's is made; empty: as usual
}

// A Throttle is one limit of one device.
type Throttle struct {
	Device string // its node: /dev/vda
	Key    string // as io.max has it: rbps, wbps (bytes a second), riops, wiops (operations)
	Rate   uint64
}

// Limits are the lines for the container's cgroup. The resources have been validated. An
// error is one of finding a device.
func (r Resources) Limits() (cgroup.Limits, error) {
	var lines cgroup.Limits
	number := func(file string, n int64) { lines.Put(file, strconv.FormatInt(n, 10)) }

	r.Lines(lines.Put)
	switch {
	case r.MemorySwap > 0:
		number("memory.swap.max", r.MemorySwap-r.Memory)
	case r.MemorySwap < 0:
		lines.Put("memory.swap.max", "max")
	}
	if r.MemoryReservation > 0 {
		number("memory.low", r.MemoryReservation)
	}
	if r.CPUQuota != 0 || r.CPUPeriod != 0 {
		lines.Put("cpu.max", quota(r.CPUQuota, r.CPUPeriod))
	}
	if r.CPUShares > 0 {
		number("cpu.weight", weightOfShares(r.CPUShares))
	}
	if r.CpusetCpus != "" {
		lines.Put("cpuset.cpus", r.CpusetCpus)
	}
	if r.CpusetMems != "" {
		lines.Put("cpuset.mems", r.CpusetMems)
	}
	if r.BlkioWeight > 0 {
		number("io.weight", 1+(r.BlkioWeight-10)*9999/990) // 10…1000 to 1…10000, as runc does
	}
	for _, throttle := range r.Throttles {
		device, err := deviceNumber(throttle.Device)
		if err != nil {
			return nil, err
		}
		// One write for each device and key; the kernel keeps the others.
		lines = append(lines, cgroup.Limit{File: "io.max", Value: fmt.Sprintf("%s %s=%d", device, throttle.Key, throttle.Rate)})
	}
	return lines, nil
}

// quota is the value of cpu.max.
func quota(quota, period int64) string {
	time := "max"
	if quota > 0 {
		time = strconv.FormatInt(quota, 10)
	}
	if period == 0 {
		period = 100_000
	}
	return fmt.Sprint(time, " ", period)
}

// weightOfShares turns Docker's shares (2 to 262144, usually 1024) into cpu.weight (1 to
// 10000, usually 100), as runc 1.5.2 does: a curve through these three pairs.
func weightOfShares(shares int64) int64 {
	switch {
	case shares <= 2:
		return 1
	case shares >= 262144:
		return 10000
	}
	l := math.Log2(float64(shares))
	return int64(math.Ceil(math.Pow(10, (l*l+125*l)/612-7.0/34)))
}

// Parent is the cgroup below which the container's is made. Whatever is typed, it is a
// path below the top of the tree; usual is what it is if nothing was.
func (r Resources) Parent(usual string) string {
	if r.CgroupParent == "" {
		return usual
	}
	return path.Join("/", r.CgroupParent)
}
