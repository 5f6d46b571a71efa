package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// startup measures the program itself: to print a line and end.
func (b *bench) startup() error {
	w, err := newWorld()
	if err != nil {
		return err
	}
	var turns []turn
	for _, words := range [][]string{{"drydock", "version"}, {"hello"}} {
		t := &tool{name: words[0], world: w, words: words, env: []string{"DRYDOCK_ROOT=" + b.path("version")}}
		turns = append(turns, turn{tool: words[0], do: func() (float64, error) { return t.do() }})
	}
	b.contest("version", "ms", b.rounds(101), turns)
	slow, err := slowest(exec.Command("drydock", "version"))
	if err != nil {
		return err
	}
	r := newResult("init of the slowest package", "ms")
	r.add(slow.name, slow.ms)
	b.results = append(b.results, r)
	return nil
}

// A packageInit is what a package takes when a program starts.
type packageInit struct {
	name string
	ms   float64
}

// slowest finds the package that takes longest to initialise: the least of some runs each, which is what it takes when nobody disturbs.
// GODEBUG=inittrace=1 has the runtime print `init NAME @0.1 ms, 0.02 ms clock, …`.
func slowest(cmd *exec.Cmd) (slow packageInit, err error) {
	least := map[string]float64{}
	for range 20 {
		run := exec.Command(cmd.Path, cmd.Args[1:]...)
		run.Env = append(os.Environ(), "GODEBUG=inittrace=1")
		var said bytes.Buffer
		run.Stderr = &said
		if err := run.Run(); err != nil {
			return slow, fmt.Errorf("%s: %w: %s", cmd, err, said.Bytes())
		}
		for line := range strings.Lines(said.String()) {
			var name string
			var at, took float64
			if _, err := fmt.Sscanf(line, "init %s @%f ms, %f ms clock", &name, &at, &took); err != nil {
				continue // not one of those lines
			}
			if before, known := least[name]; !known || took < before {
				least[name] = took
			}
		}
	}
	for name, took := range least {
		if took > slow.ms {
			slow = packageInit{name, took}
		}
	}
	return slow, nil
}
