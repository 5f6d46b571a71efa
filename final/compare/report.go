package compare

import (
	"fmt"
	"strings"
)

// A report is about a line that is not answered as it should be.
type report struct{ key, text string }

// compare returns a report on each of Drydock's answers that is another than Docker's without a reason, or is the
// same in spite of one.
func compare(docker map[string]answer, ours []answer, why map[string]string) []report {
	var reports []report
	for _, got := range ours {
		key := got.key()
		recorded, ok := docker[key]
		text := differ(translated(recorded), plain(got))
		switch {
		case !ok:
			text = "\tDocker was never asked: make compare does it\n"
		case why[key] == "":
		case text == "":
			text = "\tit is no difference any more: take it out of differences.go\n"
		default:
			text = ""
		}
		if text != "" {
			reports = append(reports, report{key, got.Line + "\n" + text})
		}
	}
	return reports
}

// differ tells how an answer is not the wanted one, in lines; or nothing, if it is.
func differ(want, got answer) string {
	var b strings.Builder
	if want.Code != got.Code {
		fmt.Fprintf(&b, "\tcode\n\t\t- %d\n\t\t+ %d\n", want.Code, got.Code)
	}
	if want.Stdout != got.Stdout {
		b.WriteString("\tstdout\n" + lines(want.Stdout, got.Stdout))
	}
	if !goesOn(want.Stderr, got.Stderr) {
		b.WriteString("\tstderr\n" + lines(want.Stderr, got.Stderr))
	}
	return b.String()
}

// goesOn tells whether we say what Docker says. A line of ours may go on: with what can be done about it.
func goesOn(docker, ours string) bool {
	wanted, said := strings.Split(docker, "\n"), strings.Split(ours, "\n")
	if len(wanted) != len(said) {
		return false
	}
	for i, line := range wanted {
		rest, ok := strings.CutPrefix(said[i], line)
		if !ok || rest != "" && (line == "" || !strings.ContainsAny(rest[:1], ":;,. (")) {
			return false
		}
	}
	return true
}

// lines shows two texts, but for the lines with which both begin, or end.
func lines(want, got string) string {
	before, after := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	for len(before) > 0 && len(after) > 0 && before[0] == after[0] {
		before, after = before[1:], after[1:]
	}
	for len(before) > 0 && len(after) > 0 && before[len(before)-1] == after[len(after)-1] {
		before, after = before[:len(before)-1], after[:len(after)-1]
	}
	return marked("-", before) + marked("+", after)
}

func marked(mark string, lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&b, "\t\t%s %s\n", mark, strings.TrimSuffix(line, "\n"))
	}
	return b.String()
}
