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
	"math"
	"math/big"
	"runtime"
	"strconv"

	"github.com/docker/go-units"

	"drydock/internal/flags"
)

// Values are what a user asks for, in Docker's units.
type Values struct {
	Memory   int64 // bytes; 0 is no limit
	NanoCPUs int64 // billionths of a CPU's time; 0 is no limit
	Pids     int64 // processes and threads; 0 and less is no limit
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{
		{Name: "memory", Short: "m", Value: parser{&v.Memory, units.RAMInBytes}, Usage: "at most `BYTES` of memory, with b, k, m or g behind"},
		{Name: "cpus", Value: parser{&v.NanoCPUs, cpus}, Usage: "at most `N` CPUs' worth of time, such as 1.5"},
		{Name: "pids-limit", Value: parser{&v.Pids, pids}, Usage: "at most `N` processes and threads, -1 for any number"},
	}
}

// period is the time, in microseconds, in which a group may use its quota of CPU
// time before it has to wait for the next: Docker's default, and the kernel's.
const period = 100_000

// Lines calls put with each file and the value for it. As in Docker, a container may
// swap as much memory as it may have.
func (v Values) Lines(put func(file, value string)) {
	if v.Memory > 0 {
		put("memory.max", strconv.FormatInt(v.Memory, 10))
		put("memory.swap.max", strconv.FormatInt(v.Memory, 10))
	}
	if v.NanoCPUs > 0 {
		put("cpu.max", fmt.Sprint(v.NanoCPUs*period/1e9, " ", period))
	}
	if v.Pids > 0 {
		put("pids.max", strconv.FormatInt(v.Pids, 10))
	}
}

// A parser is a flag.Value: a function that reads a number, and where it goes.
type parser struct {
	to    *int64
	parse func(text string) (int64, error)
}

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) (err error) {
	*p.to, err = p.parse(text)
	return err
}

// maxPids is PID_MAX_LIMIT of the kernel.
const maxPids = 4 << 20

// MinMemory is the least that Docker accepts, in bytes: below, hardly anything starts.
const MinMemory = 6 << 20

// Validate refuses what cannot be.
func (v Values) Validate() error {
	if v.Memory != 0 && v.Memory < MinMemory {
		return errors.New("minimum memory limit allowed is 6MB")
	}
	if v.Pids > maxPids {
		return fmt.Errorf("--pids-limit %d is more than the kernel can count, which is %d: give -1 for any number", v.Pids, maxPids)
	}
	have := runtime.NumCPU()
	if v.NanoCPUs != 0 && (v.NanoCPUs < 1e9/100 || v.NanoCPUs > int64(have)*1e9) {
		return fmt.Errorf("range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", have, have)
	}
	return nil
}

// cpus reads --cpus, a number such as 1.5 or 3/2.
func cpus(text string) (int64, error) {
	number, ok := new(big.Rat).SetString(text)
	if !ok {
		return 0, fmt.Errorf("failed to parse %v as a rational number", text)
	}
	nano := new(big.Rat).Mul(number, big.NewRat(1e9, 1))
	if !nano.IsInt() {
		return 0, errors.New("value is too precise")
	}
	if !nano.Num().IsInt64() {
		return math.MaxInt64, nil // more than there are, whatever it is exactly
	}
	return nano.Num().Int64(), nil
}

// pids reads --pids-limit.
func pids(text string) (int64, error) {
	return strconv.ParseInt(text, 0, 64)
}
