// Bench measures drydock beside Docker, Podman, runc and crun on this machine.
//
//	bench [-quick] [-only SECTION,…] [-o FOLDER]
//
// The problem: a number of milliseconds says little about a program and much about the machine, and what else that does. So all tools do
// the same in turns, A B A B, warm, with the same image; what counts is the ratio of their medians. Peers are measured if they are
// on the PATH. Daemons are started and stopped here, with roots of their own. Each tool has a network namespace of its own.
//
//	main.go      the sections, in order
//	apart.go     namespaces and a cgroup of our own: the machine is left as it was
//	world.go     a network namespace for each tool
//	tools.go     drydock, and how a tool is called; peers.go the others
//	contest.go   to take turns
//	run.go       one container: run, exec, create, start, stop, rm
//	many.go      many containers: starts per second, 300 live ones; memory.go what each takes
//	images.go    an image of 350 MB: load, save, pull from registry.go; commit.go
//	archive.go   that image, and the small one
//	traffic.go   bytes across the bridge and through a published port
//	startup.go   the program itself
//	report.go    RESULTS.md; goals.go what was to be reached; plot.go the picture
//	floor/       the kernel's share of a run on a bridge
//	hello/       the least that a program takes
//
// Results go to FOLDER/RESULTS.md and FOLDER/results.svg. It takes root, and Linux 5.7 (to be born in a cgroup).
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	do := outside
	if len(os.Args) > 1 && words[os.Args[1]] != nil {
		do, os.Args = words[os.Args[1]], os.Args[1:]
	}
	if err := do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// words are those with which this program calls itself: apart, and in a container.
var words = map[string]func(args []string) error{"first": first, "measure": measure, "serve": serve, "send": send, "files": files}

// A section measures one kind of thing.
type section struct {
	name string
	do   func(*bench) error
}

var sections = []section{
	{"startup", (*bench).startup},
	{"run", (*bench).runs},
	{"exec", (*bench).execs},
	{"life", (*bench).lives},
	{"rate", (*bench).rates},
	{"scale", (*bench).scale},
	{"memory", (*bench).memory},
	{"commit", (*bench).commits},
	{"traffic", (*bench).traffic},
	{"images", (*bench).images},
}

// A bench is one go at measuring.
type bench struct {
	quick   bool
	dir     string // all that is made, and removed in the end
	tools   []*tool
	results []*result
	load    []string // of the machine, before, between and after the sections
}

// options are what is typed.
type options struct {
	quick bool
	only  []string
	out   string
}

func parse(args []string) (o options, err error) {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.BoolVar(&o.quick, "quick", false, "few turns, in two minutes")
	only := set.String("only", "", "the `SECTIONS` to measure, with commas between them")
	set.StringVar(&o.out, "o", ".", "the `FOLDER` for the results")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	o.only = strings.FieldsFunc(*only, func(r rune) bool { return r == ',' })
	for _, name := range o.only {
		if !slices.ContainsFunc(sections, func(s section) bool { return s.name == name }) {
			return o, fmt.Errorf("there is no section %s", name)
		}
	}
	return o, nil
}

// measure is the process apart that does it all: see apart.go.
func measure(args []string) error {
	o, err := parse(args[1:])
	if err != nil {
		return err
	}
	b := &bench{quick: o.quick, dir: args[0]}
	if err := b.smallArchive(); err != nil {
		return err
	}
	b.noteLoad()
	for _, s := range sections {
		if len(o.only) > 0 && !slices.Contains(o.only, s.name) {
			continue
		}
		if s.name != "startup" && b.tools == nil {
			if err := b.findTools(); err != nil {
				return err
			}
		}
		fmt.Fprintln(os.Stderr, "bench:", s.name)
		if err := s.do(b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		b.noteLoad()
		if err := b.report(o.out); err != nil { // now: the rest may be interrupted
			return err
		}
	}
	return nil
}

// rounds is how many turns each tool has: so many, or a few when it is to be quick.
func (b *bench) rounds(usual int) int {
	if b.quick {
		return max(1, min(5, usual/3))
	}
	return usual
}

func (b *bench) noteLoad() {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		b.load = append(b.load, strings.Fields(string(text))[0])
	}
}

// path is a place in the folder of all that is made.
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }
