package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// memory measures what a tool has for each container that runs: the proportional set size, of ten containers.
func (b *bench) memory() error {
	const number = 10
	r := newResult("PSS for each container", "MB")
	for _, t := range b.tools {
		var names []string
		for i := range number {
			names = append(names, fmt.Sprintf("memory-%d", i))
			if err := t.detach(names[i]); err != nil {
				return err
			}
		}
		marks := map[string]string{"drydock": "supervise", "docker": "containerd-shim", "podman": "conmon"}
		sizes, err := pss(marks[t.name])
		if err != nil {
			return err
		}
		for _, size := range sizes {
			r.add(t.name, size)
		}
		if err := t.remove(names...); err != nil {
			return err
		}
	}
	b.results = append(b.results, r)
	return nil
}

// pss returns the megabytes of each process that has a mark on its command line: in this namespace all are ours.
func pss(mark string) (sizes []float64, err error) {
	entries, err := os.ReadDir("/proc")
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		line, _ := os.ReadFile("/proc/" + entry.Name() + "/cmdline") // it has just ended
		if !bytes.Contains(line, []byte(mark)) {
			continue
		}
		size, err := kilobytes("/proc/"+entry.Name()+"/smaps_rollup", "Pss")
		if err != nil {
			return nil, err
		}
		sizes = append(sizes, size/1024)
	}
	return sizes, err
}

// kilobytes is what a file in /proc says on the line that begins with a name: proc(5).
func kilobytes(file, name string) (number float64, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			_, err := fmt.Sscan(value, &number)
			return number, err
		}
	}
	return 0, fmt.Errorf("%s says nothing of %s", file, name)
}
