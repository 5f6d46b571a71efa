// Package limit turns Docker's flags into lines in the files of a cgroup.
//
// The problem: people say "half a CPU" and "64 megabytes"; the kernel knows quotas in
// microseconds and numbers of bytes.
//
// The kernel feature: each limit of a cgroup is a file, and takes one value:
//
//	--memory 64m     memory.max       67108864
//	                 memory.swap.max  67108864
//	--cpus 0.5       cpu.max          50000 100000
//	--pids-limit 40  pids.max         40
//
// To read: Documentation/admin-guide/cgroup-v2.rst, on these four files.
package limit

import (
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"strconv"

	"github.com/docker/go-units"

	"drydock/internal/flags"
)

// Flags are the flags that produce limits, with Docker's units and validation. put is
// called with the name of a file and the value for it; a later value replaces an
// earlier one.
func Flags(put func(file, value string)) []flags.Flag {
	return []flags.Flag{
		{Name: "memory", Short: "m", Value: parser{put, memory}, Usage: "at most `BYTES` of memory, with b, k, m or g behind"},
		{Name: "cpus", Value: parser{put, cpus}, Usage: "at most `N` CPUs' worth of time, such as 1.5"},
		{Name: "pids-limit", Value: parser{put, pids}, Usage: "at most `N` processes and threads, -1 for any number"},
	}
}

// A parser is a flag.Value that puts what it reads, and keeps nothing itself.
type parser struct {
	put   func(file, value string)
	parse func(text string, put func(file, value string)) error
}

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p.parse(text, p.put) }

// minMemory is the least that Docker accepts, in bytes: below, hardly anything starts.
const minMemory = 6 << 20

// memory reads --memory. As in Docker, a container may swap as much again.
func memory(text string, put func(file, value string)) error {
	bytes, err := units.RAMInBytes(text)
	if err != nil {
		return err
	}
	value := "max"
	if bytes != 0 {
		if bytes < minMemory {
			return errors.New("minimum memory limit allowed is 6MB")
		}
		value = strconv.FormatInt(bytes, 10)
	}
	put("memory.max", value)
	put("memory.swap.max", value)
	return nil
}

// period is the time, in microseconds, in which a group may use its quota of CPU
// time before it has to wait for the next: Docker's default, and the kernel's.
const period = 100_000

// cpus reads --cpus: a number of CPUs is a quota in each period.
func cpus(text string, put func(file, value string)) error {
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return fmt.Errorf("failed to parse %v as a rational number", text)
	}
	nano := new(big.Rat).Mul(number, big.NewRat(1e9, 1))
	if !nano.IsInt() {
		return errors.New("value is too precise")
	}
	have := runtime.NumCPU()
	most, least := big.NewRat(int64(have), 1), big.NewRat(1, 100)
	switch {
	case number.Sign() == 0:
		put("cpu.max", "max")
	case number.Cmp(least) < 0 || number.Cmp(most) > 0:
		return fmt.Errorf("range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", have, have)
	default:
		put("cpu.max", fmt.Sprint(nano.Num().Int64()*period/1e9, " ", period))
	}
	return nil
}

// pids reads --pids-limit. Docker takes 0 and -1 for no limit.
func pids(text string, put func(file, value string)) error {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	value := "max"
	if n > 0 {
		value = strconv.FormatInt(n, 10)
	}
	put("pids.max", value)
	return nil
}
