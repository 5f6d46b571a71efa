package resources

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"drydock/internal/flags"
	"drydock/stage2-cgroups/limit"
)

// Flags are Docker's resource flags: those of stage 2, and the others.
func Flags(r *Resources) []flags.Flag {
	return append(UpdateFlags(r), []flags.Flag{
		{Name: "device-read-bps", Value: throttle(r, "rbps", bytesRate), Usage: "read at most so much a second: `DEVICE:BYTES`"},
		{Name: "device-write-bps", Value: throttle(r, "wbps", bytesRate), Usage: "write at most so much a second: `DEVICE:BYTES`"},
		{Name: "device-read-iops", Value: throttle(r, "riops", countRate), Usage: "read at most so often a second: `DEVICE:N`"},
		{Name: "device-write-iops", Value: throttle(r, "wiops", countRate), Usage: "write at most so often a second: `DEVICE:N`"},
		{Name: "ulimit", Value: parser(r.setUlimit), Usage: "limit of each process: `NAME=SOFT[:HARD]`, such as nofile=1024"},
		{Name: "oom-score-adj", Value: number(&r.OOMScoreAdj), Usage: "who goes first when memory runs out: `N` from -1000 to 1000"},
		{Name: "cgroup-parent", Value: flags.String{To: &r.CgroupParent}, Usage: "make the container's cgroup below `PATH`"},
	}...)
}

// UpdateFlags are those that can be changed while the container runs.
func UpdateFlags(r *Resources) []flags.Flag {
	return append(limit.Flags(&r.Values), []flags.Flag{
		{Name: "memory-swap", Value: bytesOrAny(&r.MemorySwap), Usage: "at most `BYTES` of memory and swap together, -1 for any amount"},
		{Name: "memory-reservation", Value: bytes(&r.MemoryReservation), Usage: "`BYTES` that are taken back last when memory runs short"},
		{Name: "cpu-shares", Short: "c", Value: number(&r.CPUShares), Usage: "`WEIGHT` against others on busy CPUs (1024)"},
		{Name: "cpu-quota", Value: number(&r.CPUQuota), Usage: "`MICROSECONDS` of CPU time in each period"},
		{Name: "cpu-period", Value: number(&r.CPUPeriod), Usage: "length of a period in `MICROSECONDS` (100000)"},
		{Name: "cpuset-cpus", Value: flags.String{To: &r.CpusetCpus}, Usage: "run on the CPUs of this `LIST` only, such as 0-2,5"},
		{Name: "cpuset-mems", Value: flags.String{To: &r.CpusetMems}, Usage: "take memory from the NUMA nodes of this `LIST` only"},
		{Name: "blkio-weight", Value: parser(r.setBlkioWeight), Usage: "`WEIGHT` against others on a busy disk, from 10 to 1000"},
	}...)
}

// A parser is a flag.Value that a function reads.
type parser func(text string) error

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p(text) }

func number(to *int64) parser {
	return func(text string) (err error) {
		*to, err = strconv.ParseInt(text, 0, 64)
		return err
	}
}

func bytes(to *int64) parser {
	return func(text string) (err error) {
		*to, err = units.RAMInBytes(text)
		return err
	}
}

func bytesOrAny(to *int64) parser {
	return func(text string) error {
		if text == "-1" {
			*to = -1
			return nil
		}
		return bytes(to)(text)
	}
}

func (r *Resources) setBlkioWeight(text string) error {
	weight, err := strconv.ParseUint(text, 0, 16)
	r.BlkioWeight = int64(weight)
	return err
}

// setUlimit adds a limit, in place of an earlier one of the same name.
func (r *Resources) setUlimit(text string) error {
	ulimit, err := units.ParseUlimit(text)
	if err != nil {
		return err
	}
	for i, other := range r.Ulimits {
		if other.Name == ulimit.Name {
			r.Ulimits[i] = ulimit
			return nil
		}
	}
	r.Ulimits = append(r.Ulimits, ulimit)
	return nil
}

// throttle reads DEVICE:RATE.
func throttle(r *Resources, key string, rate func(text string) (n uint64, format string, err error)) parser {
	return func(text string) error {
		device, value, found := strings.Cut(text, ":")
		switch {
		case !found || device == "":
			return fmt.Errorf("bad format: %s", text)
		case !strings.HasPrefix(device, "/dev/"):
			return fmt.Errorf("bad format for device path: %s", text)
		}
		n, format, err := rate(value)
		if err != nil {
			return fmt.Errorf("invalid rate for device: %s. The correct format is %s", text, format)
		}
		r.Throttles = append(r.Throttles, Throttle{Device: device, Key: key, Rate: n})
		return nil
	}
}

func bytesRate(text string) (n uint64, format string, err error) {
	bytes, err := units.RAMInBytes(text)
	if bytes < 0 {
		err = strconv.ErrRange
	}
	return uint64(bytes), "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb", err
}

func countRate(text string) (n uint64, format string, err error) {
	n, err = strconv.ParseUint(text, 10, 64)
	return n, "<device-path>:<number>. Number must be a positive integer", err
}
