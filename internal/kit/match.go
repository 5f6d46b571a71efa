package kit

import (
	"fmt"
	"slices"
	"strings"
)

// matchLines tells whether got is what want says.
func matchLines(want, got []string) bool {
	if len(want) == 0 {
		return len(got) == 0
	}
	if strings.TrimSpace(want[0]) == "…" {
		return slices.ContainsFunc(suffixes(got), func(rest []string) bool { return matchLines(want[1:], rest) })
	}
	return len(got) > 0 && matchLine(want[0], got[0]) && matchLines(want[1:], got[1:])
}

// suffixes returns lines without its first, its first two, and so on, to none.
func suffixes(lines []string) [][]string {
	all := make([][]string, 0, len(lines)+1)
	for i := range len(lines) + 1 {
		all = append(all, lines[i:])
	}
	return all
}

// matchLine tells whether got is want, where … in want is any text.
func matchLine(want, got string) bool {
	pieces := strings.Split(want, "…")
	if len(pieces) == 1 {
		return want == got
	}
	rest, ok := strings.CutPrefix(got, pieces[0])
	if !ok {
		return false
	}
	for _, piece := range pieces[1 : len(pieces)-1] {
		if _, rest, ok = strings.Cut(rest, piece); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, pieces[len(pieces)-1])
}

func splitLines(text string) []string {
	return trimLines(strings.Split(text, "\n"))
}

// trimLines drops blanks at the ends of lines, and empty lines at the end.
func trimLines(lines []string) []string {
	var trimmed []string
	for _, line := range lines {
		trimmed = append(trimmed, strings.TrimRight(line, " \t\r"))
	}
	for len(trimmed) > 0 && trimmed[len(trimmed)-1] == "" {
		trimmed = trimmed[:len(trimmed)-1]
	}
	return trimmed
}

func indent(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "\t%s\n", line)
	}
	return b.String()
}
