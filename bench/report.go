package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// report writes the results, and the picture of them.
func (b *bench) report(folder string) error {
	var page strings.Builder
	page.WriteString("# Drydock beside others\n\nWritten by `make bench`; the comment in bench/main.go says how it measures.\n\n")
	fmt.Fprintf(&page, "- %s\n", time.Now().UTC().Format("2 January 2006, 15:04 UTC"))
	fmt.Fprintf(&page, "- %s, %d processors, %s\n", machine(), runtime.NumCPU(), firstLine("uname", "-sr"))
	fmt.Fprintf(&page, "- load of the machine (one minute), before the first section and after each: %s\n", strings.Join(b.load, ", "))
	if b.isBusy() {
		page.WriteString("- **under load**: others worked on this machine, so these are no final numbers\n")
	}
	if b.quick {
		page.WriteString("- **quick**: few turns\n")
	}
	for _, t := range b.tools {
		fmt.Fprintf(&page, "- %s: %s\n", t.name, strings.TrimPrefix(t.version, t.name+" version "))
	}
	for _, name := range []string{"runc", "crun", "skopeo", "umoci"} {
		if has(name) {
			fmt.Fprintf(&page, "- %s\n", firstLine(name, "--version"))
		}
	}
	page.WriteString("\n## What was to be reached\n\nOn a quiet machine with two processors.\n\n| | here | |\n|---|---|---|\n")
	for _, g := range goals {
		page.WriteString(g.line(b))
	}
	page.WriteString("\n## What was measured\n\n![ratios](results.svg)\n\n" +
		"Medians; between them and the ratio, where the middle half of the numbers lies, and how many there are. A ratio is to drydock: more than 1 is worse than it. " +
		"A turn's milliseconds of processors are those of all that was at work, daemons too.\n\n" +
		"| | | median | middle half | turns | ratio | processors, ms | ratio |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range b.results {
		page.WriteString(r.rows())
	}
	if err := os.WriteFile(filepath.Join(folder, "RESULTS.md"), []byte(page.String()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "results.svg"), []byte(b.plot()), 0o644)
}

// isBusy tells whether more than all processors were wanted before it began: what it does itself is no load.
func (b *bench) isBusy() bool {
	if len(b.load) == 0 {
		return false
	}
	load, err := strconv.ParseFloat(b.load[0], 64)
	return err == nil && load > float64(runtime.NumCPU())
}

// machine is what processor it has.
func machine() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere it is unknown
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "an unknown processor"
}

// rows are the result's in the table.
func (r *result) rows() (rows string) {
	for i, tool := range r.tools {
		numbers, what := r.numbers[tool], r.what+", "+r.unit
		if i > 0 {
			what = ""
		}
		cpu, cpuRatio := "", ""
		if len(r.cpu[tool]) > 0 {
			cpu, cpuRatio = figure(median(r.cpu[tool])), ratioOf(r.cpu, tool, false)
		}
		rows += fmt.Sprintf("| %s | %s | %s | %s – %s | %d | %s | %s | %s |\n", what, tool, figure(median(numbers)),
			figure(quantile(numbers, 0.25)), figure(quantile(numbers, 0.75)), len(numbers), ratioOf(r.numbers, tool, r.more), cpu, cpuRatio)
	}
	return rows
}

// ratioOf is how many times as bad as drydock a tool is, or nothing if that cannot be said.
func ratioOf(numbers map[string][]float64, tool string, more bool) string {
	ours, theirs := median(numbers["drydock"]), median(numbers[tool])
	switch {
	case tool == "drydock" || ours == 0 || theirs == 0:
		return ""
	case more:
		return figure(ours / theirs)
	}
	return figure(theirs / ours)
}

// figure is a number with as many digits as say something.
func figure(number float64) string {
	switch {
	case number >= 100:
		return fmt.Sprintf("%.0f", number)
	case number >= 10:
		return fmt.Sprintf("%.1f", number)
	}
	return fmt.Sprintf("%.2f", number)
}
