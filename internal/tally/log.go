package main

import (
	"bufio"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A log is what came of one log. Failures and skips are "NAME: reason".
type log struct {
	passed  int
	failed  []string
	skipped []string
}

// A result is the line that ends one test.
type result struct {
	verdict string // PASS, FAIL or SKIP
	name    string
}

// The lines of go test -v that matter.
var (
	beginLine   = regexp.MustCompile(`^=== (RUN|CONT|NAME|PAUSE) +(\S+)`)
	resultLine  = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): (\S+) \(`)
	packageLine = regexp.MustCompile(`^(ok  |FAIL|\?   )\t(\S+.*)`)
	crashLine   = regexp.MustCompile(`^(panic|fatal error): `)
	messageLine = regexp.MustCompile(`^ +\S+\.go:\d+: ?(.*)`)
)

// A reader reads one log. The log of several packages has several sections, each
// closed by a line PASS or FAIL, or by the package's; in a section names are unique.
type reader struct {
	log
	tests   int  // with a result, in the whole log
	verdict bool // the last section is closed
	repeats bool // it was, by FAIL: the package's line will say so again

	// Of the section:
	results []result
	begun   map[string]bool     // tests without a result so far
	said    map[string][]string // what each test printed
	current string              // the test whose output comes now
	known   int                 // failures before the section
}

func readLog(in io.Reader) log {
	var r reader
	r.open()
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			r.line(strings.TrimRight(line, "\r\n"))
		}
		if err != nil {
			break
		}
	}
	if !r.verdict {
		r.close()
		r.fail("the log breaks off without PASS or FAIL")
	}
	if r.tests == 0 && len(r.failed) == 0 {
		r.fail("no test ran")
	}
	return r.log
}

func (r *reader) fail(reason string) { r.failed = append(r.failed, reason) }

// line takes in one line.
func (r *reader) line(line string) {
	if m := beginLine.FindStringSubmatch(line); m != nil {
		r.current = m[2]
		if m[1] == "RUN" {
			r.begun[r.current] = true
			r.verdict, r.repeats = false, false
		}
		return
	}
	if m := resultLine.FindStringSubmatch(line); m != nil {
		r.results = append(r.results, result{verdict: m[1], name: m[2]})
		r.tests++
		delete(r.begun, m[2])
		r.current = m[2] // without -v, what a test said follows its result
		return
	}
	if m := packageLine.FindStringSubmatch(line); m != nil {
		// After FAIL it says the same again. Alone, it says that a package did not
		// build, or that its process ended without a verdict.
		if m[1] == "FAIL" && !r.repeats && !r.close() {
			r.fail(m[2])
		}
		r.verdict, r.repeats = true, false
		return
	}
	switch {
	case line == "PASS":
		r.close()
		r.verdict, r.repeats = true, false
	case line == "FAIL":
		// go test ends a run over several packages with one FAIL more.
		again := r.verdict && len(r.results) == 0
		if !r.close() && !again {
			r.fail("FAIL, though no test in it failed")
		}
		r.verdict, r.repeats = true, !again
	case crashLine.MatchString(line):
		r.fail(line)
		r.verdict = false
	default:
		r.said[r.current] = append(r.said[r.current], line)
	}
}

func (r *reader) open() {
	r.results, r.begun, r.said, r.current = nil, map[string]bool{}, map[string][]string{}, ""
	r.known = len(r.failed)
}

// close counts the results of the section and begins another. It tells whether
// anything in the section had failed.
func (r *reader) close() bool {
	for _, name := range slices.Sorted(maps.Keys(r.begun)) {
		r.fail(name + ": begun and never ended")
	}
	for _, res := range r.results {
		switch {
		case res.verdict == "FAIL" && !r.hasSub(res.name, "FAIL"):
			r.fail(res.name + ": " + r.reason(res.name))
		case res.verdict == "SKIP":
			r.skipped = append(r.skipped, res.name+": "+r.reason(res.name))
		case res.verdict == "PASS" && !r.hasSub(res.name, ""):
			r.passed++
		}
	}
	failed := len(r.failed) > r.known
	r.open()
	return failed
}

// hasSub tells whether a test has a subtest with the verdict, or with any if it is "".
func (r *reader) hasSub(name, verdict string) bool {
	return slices.ContainsFunc(r.results, func(res result) bool {
		return strings.HasPrefix(res.name, name+"/") && (verdict == "" || res.verdict == verdict)
	})
}

// reason picks what says why a test failed or was skipped: the line in which a script
// says so, otherwise the beginning of its last message.
func (r *reader) reason(name string) string {
	reason := "it gives no reason"
	for _, line := range r.said[name] {
		if script, ok := strings.CutPrefix(strings.TrimSpace(line), "FAIL: "); ok {
			return script
		}
		if m := messageLine.FindStringSubmatch(line); m != nil {
			reason = m[1]
		}
	}
	return reason
}
