// Bench measures drydock beside Docker, Podman, runc and crun on this machine.
//
//	bench [-quick] [-only SECTION,…] [-o FOLDER]
//
// The problem: a number of milliseconds says little about a program and much about the machine, and what else that does. So all tools do
// the same in turns, A B A B, warm, with the same image; what counts is the ratio of their medians. Peers are measured if they are
// on the PATH. Daemons are started and stopped here, with roots of their own. Each tool has a network namespace of its own, and
// all of them a mount namespace: the machine is left as it was.
//
//	main.go      the sections, in order
//	world.go     the namespaces
//	tools.go     the tools and how each is called
//	contest.go   to take turns
//	run.go       one container: run, exec, create, start, stop, rm
//	many.go      many containers: starts per second, 300 live ones, memory
//	images.go    an image of 350 MB: load, save, pull; commit
//	archive.go   that image, and the small one
//	traffic.go   bytes across the bridge and through a published port
//	startup.go   the program itself
//	report.go    RESULTS.md; goals.go what was to be reached; plot.go the picture
//	floor/       the kernel's share of a run on a bridge
//
// Results go to FOLDER/RESULTS.md and FOLDER/results.svg. It takes root.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	do := run
	if len(os.Args) > 1 && inside[os.Args[1]] != nil {
		do = inside[os.Args[1]]
	}
	if err := do(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// inside are the words with which this program is called in a container.
var inside = map[string]func(args []string) error{"serve": serve, "send": send, "files": files}

// A section measures one kind of thing.
type section struct {
	name string
	do   func(*bench) error
}

var sections = []section{
	{"startup", (*bench).startup},
	{"run", (*bench).runs},
	{"life", (*bench).lives},
	{"rate", (*bench).rates},
	{"live", (*bench).live},
	{"memory", (*bench).memory},
	{"traffic", (*bench).traffic},
	{"images", (*bench).images},
	{"commit", (*bench).commits},
}

// A bench is one go at measuring.
type bench struct {
	quick   bool
	dir     string // all that is made, and removed in the end
	tools   []*tool
	results []*result
	load    []string // of the machine, before and after
}

// rounds is how many turns each tool has: so many, or a few when it is to be quick.
func (b *bench) rounds(usual int) int {
	if b.quick {
		return max(1, min(5, usual/3))
	}
	return usual
}

func run(args []string) error {
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := set.Bool("quick", false, "few turns, in two minutes")
	only := set.String("only", "", "the `SECTIONS` to measure, with commas between them")
	out := set.String("o", ".", "the `FOLDER` for the results")
	if err := set.Parse(args); err != nil {
		return err
	}
	if os.Getenv(apart) == "" {
		return again(args)
	}
	b := &bench{quick: *quick}
	err := b.all(strings.FieldsFunc(*only, func(r rune) bool { return r == ',' }))
	if err != nil {
		return err
	}
	return b.report(*out)
}

// all measures, and leaves nothing.
func (b *bench) all(only []string) (err error) {
	if err := arrange(); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("/var/tmp", "bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.leave()) }()
	if err := b.smallArchive(); err != nil {
		return err
	}
	if err := b.findTools(); err != nil {
		return err
	}
	b.noteLoad()
	for _, s := range sections {
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "bench:", s.name)
		if err := s.do(b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	b.noteLoad()
	return nil
}

func (b *bench) noteLoad() {
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		b.load = append(b.load, strings.Join(strings.Fields(string(text))[:3], " "))
	}
}

// leave ends what was started, and removes what was made.
func (b *bench) leave() error {
	var failed []error
	for _, t := range b.tools {
		failed = append(failed, t.clear(), t.leave())
	}
	return errors.Join(append(failed, os.RemoveAll(b.dir))...)
}

// apart is set in the environment of the process that has namespaces of its own.
const apart = "DRYDOCK_BENCH_APART"

// again starts this program in a mount namespace of its own, which goes with it.
func again(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	path := filepath.Dir(self) + ":" + os.Getenv("PATH")
	cmd.Env = append(os.Environ(), apart+"=1", "PATH="+path, "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET}
	return cmd.Run()
}
