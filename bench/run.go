package main

import (
	"fmt"
	"os/exec"
)

// image is the small one.
const image = "bench/small"

// The two lines that most is compared in.
const (
	runNone   = "run --rm --network none true"
	runBridge = "run --rm true, on a bridge"
)

// turns has each tool do the same.
func (b *bench) turns(do func(*tool) (float64, error)) (turns []turn) {
	for _, t := range b.tools {
		turns = append(turns, turn{tool: t.name, do: func() (float64, error) { return do(t) }})
	}
	return turns
}

// runs measures one container from its start to its end, beside those that do less: runtimes without a network, and the kernel's
// share of a run on a bridge.
func (b *bench) runs() error {
	none := b.turns(func(t *tool) (float64, error) { return t.do("run", "--rm", "--network", "none", image, "true") })
	for _, name := range []string{"runc", "crun"} {
		if !has(name) {
			continue
		}
		runtime, err := b.runtime(name)
		if err != nil {
			return err
		}
		none = append(none, runtime)
	}
	b.contest(runNone, "ms", b.rounds(31), none)

	bridge := b.turns(func(t *tool) (float64, error) { return t.do("run", "--rm", image, "true") })
	floor, err := b.floor()
	if err != nil {
		return err
	}
	b.contest(runBridge, "ms", b.rounds(31), append(bridge, floor))
	return nil
}

// floor is the program of that name.
func (b *bench) floor() (turn, error) {
	w, err := newWorld()
	if err != nil {
		return turn{}, err
	}
	t, root := &tool{name: "floor", world: w}, b.path("floor-root")
	if err := b.smallRoot(root); err != nil {
		return turn{}, err
	}
	if _, err := t.time(exec.Command("sh", "-ec", "ip link add floor0 type bridge; ip address add 172.30.0.1/24 dev floor0; ip link set floor0 up")); err != nil {
		return turn{}, err
	}
	return turn{tool: "floor", do: func() (float64, error) {
		return t.time(exec.Command("floor", "floor0", "172.30.0.9/24", "/sys/fs/cgroup/floor", root, b.path("floor"), "/bin/true"))
	}}, nil
}

// execs measures one more program in a container that runs.
func (b *bench) execs() error {
	for _, t := range b.tools {
		if err := t.detach("sleeps"); err != nil {
			return err
		}
	}
	b.contest("exec true", "ms", b.rounds(31), b.turns(func(t *tool) (float64, error) { return t.do("exec", "sleeps", "true") }))
	for _, t := range b.tools {
		if err := t.remove("sleeps"); err != nil {
			return err
		}
	}
	return nil
}

// lives measures the steps of a container's life, one command each.
func (b *bench) lives() error {
	steps := []struct {
		name string
		args []string
	}{
		{"create", []string{"create", "--name", "one", "--stop-signal", "KILL", image, "sleep", "100000"}},
		{"start", []string{"start", "one"}},
		{"stop", []string{"stop", "one"}},
		{"rm", []string{"rm", "one"}},
	}
	var results []*result
	for _, step := range steps {
		results = append(results, newResult(step.name, "ms"))
	}
	for round := range b.rounds(15) + 1 {
		for _, t := range b.tools {
			for i, step := range steps {
				before := processors()
				ms, err := t.do(step.args...)
				if err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
				if round > 0 {
					results[i].add(t.name, ms)
					results[i].cpu[t.name] = append(results[i].cpu[t.name], processors()-before)
				}
			}
		}
	}
	b.results = append(b.results, results...)
	return nil
}
