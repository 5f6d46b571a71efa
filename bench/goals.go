package main

import "fmt"

// A goal is what was to be reached, on a quiet machine.
type goal struct {
	text    string
	reached func(*bench) (number float64, unit string, met, known bool)
}

var goals = []goal{
	{"a run on a bridge is at least 20 times faster than Docker's", ratio(runBridge, "docker", "drydock", atLeast, 20)},
	{"and takes at most twice as long as the floor", ratio(runBridge, "drydock", "floor", atMost, 2)},
	{"a run without a network is at least twice as fast as runc's", ratio(runNone, "runc", "drydock", atLeast, 2)},
	{"exec is at least 8 times faster than Docker's", ratio("exec true", "docker", "drydock", atLeast, 8)},
	{"load and unpack is at least as fast as Docker's", ratio(loading, "docker", "drydock", atLeast, 1)},
	{"and as Podman's", ratio(loading, "podman", "drydock", atLeast, 1)},
	{"and as skopeo's and umoci's", ratio(loading, "skopeo+umoci", "drydock", atLeast, 1)},
	{"load's peak memory is under 100 MB", value("peak memory: "+loading, "drydock", 100)},
	{"the PSS of a supervisor is at most 5 MB", value("PSS for each container", "drydock", 5)},
	{"a start beside 300 live containers takes at most 1.5 times as long as beside none", func(b *bench) (float64, string, bool, bool) {
		none, many := b.find("run --rm true, 0 live"), b.find("run --rm true, 300 live")
		before, known := none.of("drydock")
		after, knownToo := many.of("drydock")
		return after / before, "times", after <= 1.5*before, known && knownToo
	}},
	{"drydock version takes at most 1.5 ms longer than hello", func(b *bench) (float64, string, bool, bool) {
		ours, known := b.find("version").of("drydock")
		least, knownToo := b.find("version").of("hello")
		return ours - least, "ms", ours-least <= 1.5, known && knownToo
	}},
	{"no package takes more than 0.2 ms to initialise", func(b *bench) (float64, string, bool, bool) {
		r := b.find("init of the slowest package")
		if len(r.tools) == 0 {
			return 0, "", false, false
		}
		ms, _ := r.of(r.tools[0])
		return ms, "ms, " + r.tools[0], ms <= 0.2, true
	}},
}

const loading = "load and unpack 350 MB"

func atLeast(number, bound float64) bool { return number >= bound }
func atMost(number, bound float64) bool  { return number <= bound }

// ratio is a goal for how one tool's median compares with another's.
func ratio(what, above, below string, holds func(number, bound float64) bool, bound float64) func(*bench) (float64, string, bool, bool) {
	return func(b *bench) (float64, string, bool, bool) {
		over, known := b.find(what).of(above)
		under, knownToo := b.find(what).of(below)
		return over / under, "times", holds(over/under, bound), known && knownToo
	}
}

// value is a goal for a median itself.
func value(what, tool string, bound float64) func(*bench) (float64, string, bool, bool) {
	return func(b *bench) (float64, string, bool, bool) {
		r := b.find(what)
		number, known := r.of(tool)
		return number, r.unit, number <= bound, known
	}
}

// line is the goal's in the table of results.
func (g goal) line(b *bench) string {
	number, unit, met, known := g.reached(b)
	switch {
	case !known:
		return fmt.Sprintf("| %s | – | not measured |\n", g.text)
	case met:
		return fmt.Sprintf("| %s | %.2f %s | met |\n", g.text, number, unit)
	}
	return fmt.Sprintf("| %s | %.2f %s | **not met** |\n", g.text, number, unit)
}
