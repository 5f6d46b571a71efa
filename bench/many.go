package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rates measures how many containers are started in a second, one at a time and eight.
func (b *bench) rates() error {
	for _, width := range []int{1, 8} {
		var turns []turn
		for _, t := range b.tools {
			number := 0
			turns = append(turns, turn{t.name, func() (float64, error) {
				number++
				return t.rate(width, 16, fmt.Sprintf("rate-%d-%d", width, number))
			}})
		}
		r := b.contest(fmt.Sprintf("starts per second, %d at a time", width), "1/s", b.rounds(7), turns)
		r.more = true
	}
	return nil
}

// rate starts some containers in the background, so many at a time, and removes them again.
func (t *tool) rate(width, number int, prefix string) (float64, error) {
	failed := make(chan error, number)
	jobs := make(chan string, number)
	var names []string
	for i := range number {
		names = append(names, fmt.Sprintf("%s-%d", prefix, i))
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
	_, removed := t.ask(append([]string{"rm", "-f"}, names...)...)
	return float64(number) / took, errors.Join(err, removed)
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

// live measures a start and a list where some containers run: drydock only.
func (b *bench) live() error {
	t := b.tools[0]
	counts := []int{0, 100, 300}
	if b.quick {
		counts = []int{0, 100}
	}
	var names []string
	for _, count := range counts {
		for len(names) < count {
			names = append(names, fmt.Sprintf("live-%d", len(names)))
			if err := t.detach(names[len(names)-1]); err != nil {
				return err
			}
		}
		b.contest(fmt.Sprintf("run --rm true, %d live", count), "ms", b.rounds(21), []turn{{t.name, func() (float64, error) {
			return t.do("run", "--rm", image, "true")
		}}})
		b.contest(fmt.Sprintf("ps, %d live", count), "ms", b.rounds(21), []turn{{t.name, func() (float64, error) { return t.do("ps") }}})
	}
	_, err := t.ask(append([]string{"rm", "-f"}, names...)...)
	return err
}

// memory measures what a tool has for each container that runs: the proportional set size, of ten containers.
func (b *bench) memory() error {
	const number = 10
	r := &result{what: "PSS for each container", unit: "MB", numbers: map[string][]float64{}}
	for _, t := range b.tools {
		var names []string
		for i := range number {
			names = append(names, fmt.Sprintf("memory-%d", i))
			if err := t.detach(names[i]); err != nil {
				return err
			}
		}
		marks := map[string]string{"drydock": "supervise", "docker": "containerd-shim", "podman": "conmon"}
		sizes, err := pss(marks[t.name], filepath.Join(b.dir, t.name))
		if err != nil {
			return err
		}
		for _, size := range sizes {
			r.add(t.name, size)
		}
		if _, err := t.ask(append([]string{"rm", "-f"}, names...)...); err != nil {
			return err
		}
	}
	b.results = append(b.results, r)
	return nil
}

// pss returns the megabytes of each process on whose command line are a mark and a folder.
func pss(mark, dir string) (sizes []float64, err error) {
	entries, err := os.ReadDir("/proc")
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		line, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline") // it has just ended
		if !bytes.Contains(line, []byte(mark)) || !bytes.Contains(line, []byte(dir)) {
			continue
		}
		text, _ := os.ReadFile("/proc/" + entry.Name() + "/smaps_rollup")
		for line := range strings.Lines(string(text)) {
			var kib float64
			if _, err := fmt.Sscanf(line, "Pss: %f", &kib); err == nil {
				sizes = append(sizes, kib/1024)
			}
		}
	}
	return sizes, err
}
