package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

// run reads the logs named in args and returns the exit code: 1 if anything failed,
// 2 if it was called wrongly.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("tally", flag.ContinueOnError)
	flags.SetOutput(stderr)
	noskip := flags.Bool("noskip", false, "a skipped test is a failure")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() == 0 {
		fmt.Fprintln(stderr, "usage: tally [-noskip] LOG…")
		return 2
	}
	passed, failed, skipped := 0, 0, 0
	for _, name := range flags.Args() {
		data, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintf(stdout, "FAIL %v\n", err)
			failed++
			continue
		}
		log := readLog(bytes.NewReader(data))
		for _, f := range log.failed {
			fmt.Fprintf(stdout, "FAIL %s: %s\n", name, f)
		}
		for _, s := range log.skipped {
			fmt.Fprintf(stdout, "SKIP %s: %s\n", name, s)
		}
		passed, failed, skipped = passed+log.passed, failed+len(log.failed), skipped+len(log.skipped)
	}
	fmt.Fprintf(stdout, "%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || *noskip && skipped > 0 {
		return 1
	}
	return 0
}
