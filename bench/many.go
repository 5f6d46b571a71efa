package main

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"
)

// rates measures how many containers are started in a second, one at a time and eight.
func (b *bench) rates() error {
	for _, width := range []int{1, 8} {
		what := fmt.Sprintf("starts per second, %d at a time", width)
		b.contest(what, "1/s", b.rounds(5), b.turns(func(t *tool) (float64, error) { return t.rate(width, 8) })).more = true
	}
	return nil
}

// rate starts some containers in the background, so many at a time, and removes them again.
func (t *tool) rate(width, number int) (float64, error) {
	failed, jobs := make(chan error, number), make(chan string, number)
	var names []string
	for i := range number {
		names = append(names, fmt.Sprintf("rate-%d", i))
		jobs <- names[i]
	}
	close(jobs)
	began := time.Now()
	var all sync.WaitGroup
	for range width {
		all.Go(func() {
			for name := range jobs {
				failed <- t.detach(name)
			}
		})
	}
	all.Wait()
	took := time.Since(began).Seconds()
	close(failed)
	var err error
	for one := range failed {
		err = errors.Join(err, one)
	}
	return float64(number) / took, errors.Join(err, t.remove(names...))
}

// detach starts a container in the background. Others are started at the same time: only the start is the world's thread's.
func (t *tool) detach(name string) error {
	cmd := t.command("run", "-d", "--name", name, image, "sleep", "100000")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := t.world.start(cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("start %s: %w: %s", name, err, said.Bytes())
	}
	return nil
}

// scale measures a start and a list where some containers run: drydock only.
func (b *bench) scale() error {
	t, counts := b.tools[0], []int{0, 100, 300}
	if b.quick {
		counts = []int{0, 300}
	}
	var names []string
	for _, count := range counts {
		for len(names) < count {
			names = append(names, fmt.Sprintf("live-%d", len(names)))
			if err := t.detach(names[len(names)-1]); err != nil {
				return err
			}
		}
		b.contest(fmt.Sprintf("run --rm true, %d live", count), "ms", b.rounds(31), []turn{{tool: t.name, do: func() (float64, error) { return t.do("run", "--rm", image, "true") }}})
		b.contest(fmt.Sprintf("ps, %d live", count), "ms", b.rounds(31), []turn{{tool: t.name, do: func() (float64, error) { return t.do("ps") }}})
	}
	return t.remove(names...)
}
