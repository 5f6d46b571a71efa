package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// image is the small one.
const image = "bench/small"

// runs measures one container from its start to its end, and one more program in one that runs.
func (b *bench) runs() error {
	for _, network := range []string{"none", "bridge"} {
		var turns []turn
		for _, t := range b.tools {
			turns = append(turns, turn{t.name, func() (float64, error) { return t.do("run", "--rm", "--network", network, image, "true") }})
		}
		more, err := b.lower(network)
		if err != nil {
			return err
		}
		b.contest("run --rm --network "+network+" true", "ms", b.rounds(21), append(turns, more...))
	}
	var turns []turn
	for _, t := range b.tools {
		if _, err := t.do("run", "-d", "--name", "sleeps", image, "sleep", "100000"); err != nil {
			return err
		}
		turns = append(turns, turn{t.name, func() (float64, error) { return t.do("exec", "sleeps", "true") }})
	}
	b.contest("exec true", "ms", b.rounds(21), turns)
	for _, t := range b.tools {
		if _, err := t.do("rm", "-f", "sleeps"); err != nil {
			return err
		}
	}
	return nil
}

// lower are those that do less than a whole tool: runtimes without a network, and the kernel's share of a bridge.
func (b *bench) lower(network string) (turns []turn, err error) {
	if network == "bridge" {
		return b.floor()
	}
	if !has("runc") {
		return nil, nil
	}
	bundle, err := b.bundle()
	if err != nil {
		return nil, err
	}
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"runc", "crun"} {
		if !has(name) {
			continue
		}
		t := &tool{name: name, world: w}
		number := 0
		turns = append(turns, turn{name, func() (float64, error) {
			number++
			args := []string{"--root", filepath.Join(b.dir, name), "run", fmt.Sprintf("bench-%s-%d", name, number)}
			if name == "crun" { // it raises a limit to have a cgroup, which root may not do everywhere
				args = append([]string{"--cgroup-manager", "disabled"}, args...)
			}
			cmd := exec.Command(name, args...)
			cmd.Dir = bundle
			return t.time(cmd)
		}})
	}
	return turns, nil
}

// floor is the program of that name.
func (b *bench) floor() ([]turn, error) {
	w, err := newWorld()
	if err != nil {
		return nil, err
	}
	t := &tool{name: "floor", world: w}
	root := filepath.Join(b.dir, "floor-root")
	if err := b.smallRoot(root); err != nil {
		return nil, err
	}
	if _, err := t.time(exec.Command("sh", "-ec", "ip link add floor0 type bridge; ip address add 172.30.0.1/24 dev floor0; ip link set floor0 up")); err != nil {
		return nil, err
	}
	return []turn{{"floor", func() (float64, error) {
		return t.time(exec.Command("floor", "floor0", "172.30.0.9/24", "/sys/fs/cgroup/bench-floor", root, filepath.Join(b.dir, "floor"), "/bin/true"))
	}}}, nil
}

// lives measures the steps of a container's life, one command each.
func (b *bench) lives() error {
	steps := [][]string{
		{"create", "--name", "one", image, "sh", "-c", "trap exit TERM; while :; do sleep 1000 & wait; done"},
		{"start", "one"}, {"stop", "one"}, {"rm", "one"},
	}
	took := map[string][]float64{}
	for round := range b.rounds(11) + 1 {
		for _, t := range b.tools {
			for _, step := range steps {
				ms, err := t.do(step...)
				if err != nil {
					return err
				}
				if round > 0 {
					key := t.name + step[0]
					took[key] = append(took[key], ms)
				}
			}
		}
	}
	for _, step := range steps {
		r := &result{what: step[0], unit: "ms", numbers: map[string][]float64{}}
		for _, t := range b.tools {
			for _, ms := range took[t.name+step[0]] {
				r.add(t.name, ms)
			}
		}
		b.results = append(b.results, r)
	}
	return nil
}
