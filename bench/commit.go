package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
)

// commits measures an image made of a container in which so many files have changed.
func (b *bench) commits() error {
	for _, number := range []string{"1", "100", "10000"} {
		for _, t := range b.tools {
			if _, err := t.do("run", "--name", "changed", image, "bench", "files", number); err != nil {
				return err
			}
		}
		turns := b.turns(func(t *tool) (float64, error) {
			ms, err := t.do("commit", "changed", "bench/changed")
			if err == nil {
				_, err = t.do("rmi", "bench/changed")
			}
			return ms, err
		})
		b.contest("commit of "+number+" changed files", "ms", b.rounds(7), turns)
		for _, t := range b.tools {
			if _, err := t.do("rm", "changed"); err != nil {
				return err
			}
		}
	}
	return nil
}

// files is what runs in that container: it writes so many, of a kilobyte each.
func files(args []string) error {
	var number int
	if _, err := fmt.Sscan(args[0], &number); err != nil {
		return err
	}
	content := bytes.Repeat([]byte(runtime.GOARCH+"\n"), 1024/len(runtime.GOARCH+"\n"))
	for i := range number {
		dir := fmt.Sprintf("/changed/%d", i/100)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(fmt.Sprintf("%s/%d", dir, i), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
