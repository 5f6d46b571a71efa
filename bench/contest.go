package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// A result is what was measured of one thing: numbers for each tool.
type result struct {
	what, unit string
	more       bool // more is better
	tools      []string
	numbers    map[string][]float64
	cpu        map[string][]float64 // milliseconds of processors, of all that the turn had at work
}

func newResult(what, unit string) *result {
	return &result{what: what, unit: unit, numbers: map[string][]float64{}, cpu: map[string][]float64{}}
}

// A turn is what one tool does in each round. It returns the number that is measured.
type turn struct {
	tool   string
	do     func() (float64, error)
	before func() error // makes ready; it may be nil
}

// contest has all take turns, and adds the result. The first round is not counted, unless it is the only one. A tool that fails is
// out, and says so.
func (b *bench) contest(what, unit string, rounds int, turns []turn) *result {
	r := newResult(what, unit)
	out := map[string]bool{}
	if rounds > 1 {
		rounds++
	}
	for round := range rounds {
		for _, t := range turns {
			if out[t.tool] {
				continue
			}
			number, cpu, err := t.take()
			if err != nil {
				fmt.Fprintf(os.Stderr, "bench: %s: %s is left out: %v\n", what, t.tool, err)
				out[t.tool] = true
				r.drop(t.tool)
				continue
			}
			if round > 0 || rounds == 1 {
				r.add(t.tool, number)
				r.cpu[t.tool] = append(r.cpu[t.tool], cpu)
			}
		}
	}
	b.results = append(b.results, r)
	return r
}

// take takes the turn, and measures the processors too.
func (t turn) take() (number, cpu float64, err error) {
	if t.before != nil {
		if err := t.before(); err != nil {
			return 0, 0, err
		}
	}
	before := processors()
	number, err = t.do()
	return number, processors() - before, err
}

// processors is how many milliseconds they have worked for all that is measured here, daemons too: it is all in one cgroup.
func processors() float64 {
	text, _ := os.ReadFile("/sys/fs/cgroup/cpu.stat") // without it there is no such column
	var µs float64
	_, _ = fmt.Fscanf(bytes.NewReader(text), "usage_usec %f", &µs)
	return µs / 1000
}

func (r *result) add(tool string, number float64) {
	if !slices.Contains(r.tools, tool) {
		r.tools = append(r.tools, tool)
	}
	r.numbers[tool] = append(r.numbers[tool], number)
}

func (r *result) drop(tool string) {
	r.tools = slices.DeleteFunc(r.tools, func(other string) bool { return other == tool })
	delete(r.numbers, tool)
}

// quantile is the value below which that part of the numbers lies.
func quantile(numbers []float64, part float64) float64 {
	sorted := slices.Sorted(slices.Values(numbers))
	if len(sorted) == 0 {
		return 0
	}
	at := part * float64(len(sorted)-1)
	low := int(at)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

func median(numbers []float64) float64 { return quantile(numbers, 0.5) }

// of is a tool's median, and whether it was measured.
func (r *result) of(tool string) (float64, bool) {
	return median(r.numbers[tool]), len(r.numbers[tool]) > 0
}

// find finds what was measured of a thing.
func (b *bench) find(what string) *result {
	i := slices.IndexFunc(b.results, func(r *result) bool { return r.what == what })
	if i < 0 {
		return newResult(what, "")
	}
	return b.results[i]
}
