package resources

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage2-cgroups/limit"
)

// Validate refuses what cannot be, and what does not go together, in Docker's words and
// order.
func (r Resources) Validate() error {
	for _, validate := range []func() error{r.Values.Validate, r.validateMemory, r.validateCPU, r.validateCpuset, r.validateIO} {
		if err := validate(); err != nil {
			return err
		}
	}
	if r.OOMScoreAdj < -1000 || r.OOMScoreAdj > 1000 {
		return fmt.Errorf("invalid value %d, range for oom score adj is [-1000, 1000]", r.OOMScoreAdj)
	}
	return nil
}

func (r Resources) validateMemory() error {
	switch {
	case r.MemorySwap > 0 && r.Memory == 0:
		return errors.New("you should always set the Memory limit when using Memoryswap limit, see usage")
	case r.MemorySwap > 0 && r.MemorySwap < r.Memory:
		return errors.New("minimum memoryswap limit should be larger than memory limit, see usage")
	case r.MemoryReservation > 0 && r.MemoryReservation < limit.MinMemory:
		return errors.New("minimum memory reservation allowed is 6MB")
	case r.Memory > 0 && r.Memory < r.MemoryReservation:
		return errors.New("minimum memory limit can not be less than memory reservation limit, see usage")
	}
	return nil
}

func (r Resources) validateCPU() error {
	switch {
	case r.NanoCPUs > 0 && r.CPUPeriod > 0:
		return errors.New("conflicting options: Nano CPUs and CPU Period cannot both be set")
	case r.NanoCPUs > 0 && r.CPUQuota > 0:
		return errors.New("conflicting options: Nano CPUs and CPU Quota cannot both be set")
	case r.CPUShares < 0:
		return fmt.Errorf("invalid CPU shares (%d): value must be a positive integer", r.CPUShares)
	case r.CPUPeriod != 0 && (r.CPUPeriod < 1000 || r.CPUPeriod > 1_000_000):
		return errors.New("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
	case r.CPUQuota > 0 && r.CPUQuota < 1000:
		return errors.New("CPU cfs quota can not be less than 1ms (i.e. 1000)")
	}
	return nil
}

func (r Resources) validateCpuset() error {
	for _, set := range []struct{ name, list, what, online string }{
		{"cpus", r.CpusetCpus, "CPUs", "/sys/devices/system/cpu/online"},
		{"mems", r.CpusetMems, "memory nodes", "/sys/devices/system/node/online"},
	} {
		if set.list == "" {
			continue
		}
		wanted, err := parseList(set.list)
		if err != nil {
			return fmt.Errorf("invalid value %s for cpuset %s: %w", set.list, set.name, err)
		}
		text, err := os.ReadFile(set.online)
		if err != nil {
			return err
		}
		available := strings.TrimSpace(string(text))
		have, err := parseList(available)
		if err != nil {
			return fmt.Errorf("%s: %w", set.online, err)
		}
		for _, n := range wanted {
			if !slices.Contains(have, n) {
				return fmt.Errorf("requested %s are not available - requested %s, available: %s", set.what, set.list, available)
			}
		}
	}
	return nil
}

// listMax is the highest number that Docker takes in a list.
const listMax = 8192

// parseList reads a list as the kernel writes it: 0-2,5. See cpuset(7), "List format".
func parseList(list string) ([]int, error) {
	var numbers []int
	for _, part := range strings.Split(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.ParseUint(first, 10, 63)
		to, err2 := strconv.ParseUint(last, 10, 63)
		if err1 != nil || err2 != nil || to < from {
			return nil, fmt.Errorf("invalid format: %s", list)
		}
		if to > listMax {
			return nil, fmt.Errorf("value of out range, maximum is %d", listMax)
		}
		for n := from; n <= to; n++ {
			numbers = append(numbers, int(n))
		}
	}
	return numbers, nil
}

func (r Resources) validateIO() error {
	if r.BlkioWeight != 0 && (r.BlkioWeight < 10 || r.BlkioWeight > 1000) {
		return errors.New("range of blkio weight is from 10 to 1000")
	}
	for _, throttle := range r.Throttles {
		if _, err := deviceNumber(throttle.Device); err != nil {
			return err
		}
		if throttle.Rate < 2 { // the kernel's own least: block/blk-throttle.c
			return fmt.Errorf("a rate of %d for %s would stop it for ever: give at least 2", throttle.Rate, throttle.Device)
		}
	}
	return nil
}

// deviceNumber is what the kernel calls a device, such as 254:0.
func deviceNumber(path string) (string, error) {
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return "", fmt.Errorf("stat %s: %w", path, err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFBLK {
		return "", fmt.Errorf("%s is not a disk: give a block device, such as /dev/vda", path)
	}
	return fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev)), nil
}
