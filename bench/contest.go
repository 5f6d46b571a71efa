package main

import (
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
}

// A turn is what one tool does in each round. It returns the number that is measured.
type turn struct {
	tool string
	do   func() (float64, error)
}

// contest has all take turns, after one that is not counted, and adds the result. A tool that fails is out, and says so.
func (b *bench) contest(what, unit string, rounds int, turns []turn) *result {
	r := &result{what: what, unit: unit, numbers: map[string][]float64{}}
	out := map[string]bool{}
	for round := range rounds + 1 {
		for _, t := range turns {
			if out[t.tool] {
				continue
			}
			number, err := t.do()
			switch {
			case err != nil:
				fmt.Fprintf(os.Stderr, "bench: %s: %s is left out: %v\n", what, t.tool, err)
				out[t.tool] = true
				delete(r.numbers, t.tool)
			case round > 0 || rounds == 1:
				r.add(t.tool, number)
			}
		}
		if rounds == 1 {
			break // what is measured once has no warm-up
		}
	}
	b.results = append(b.results, r)
	return r
}

func (r *result) add(tool string, number float64) {
	if !slices.Contains(r.tools, tool) {
		r.tools = append(r.tools, tool)
	}
	r.numbers[tool] = append(r.numbers[tool], number)
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
		return &result{}
	}
	return b.results[i]
}
