package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const good = `=== RUN   TestA
    a_test.go:3: hi
--- PASS: TestA (0.00s)
PASS
`

// Each log is what go test -v, or a test binary with -test.v, printed for a test
// written to that end.
func TestReadLog(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       log
	}{
		{"a binary", good, log{passed: 1}},
		{"CRLF", strings.ReplaceAll(good, "\n", "\r\n"), log{passed: 1}},
		{"packages", good + "ok  \ttt/a\t0.005s\n?   \ttt/none\t[no test files]\n" +
			"testing: warning: no tests to run\nPASS\nok  \ttt/notest\t0.002s [no tests to run]\n" +
			good + "coverage: 10.0% of statements\nok  \ttt/b\t(cached)\n", log{passed: 2}},
		{"subtests", `=== RUN   TestP
=== RUN   TestP/a
=== RUN   TestP/b
    a_test.go:3: first
    a_test.go:3: then (-want +got):
        - a
=== RUN   TestP/c
--- FAIL: TestP (0.00s)
    --- PASS: TestP/a (0.00s)
    --- FAIL: TestP/b (0.00s)
    --- SKIP: TestP/c (0.00s)
=== RUN   TestParent
=== RUN   TestParent/a
=== NAME  TestParent
    a_test.go:4: own
--- FAIL: TestParent (0.00s)
    --- PASS: TestParent/a (0.00s)
FAIL
FAIL	tt/sub	0.003s
FAIL
`, log{passed: 2, failed: []string{"TestP/b: then (-want +got):", "TestParent: own"}, skipped: []string{"TestP/c: it gives no reason"}}},
		{"parallel", `=== RUN   TestP
=== RUN   TestP/a
=== PAUSE TestP/a
=== RUN   TestP/b
=== PAUSE TestP/b
=== CONT  TestP/a
=== CONT  TestP/b
    a_test.go:3: not today
=== CONT  TestP/a
    a_test.go:3: in a
--- PASS: TestP (0.00s)
    --- SKIP: TestP/b (0.00s)
    --- PASS: TestP/a (0.00s)
PASS
`, log{passed: 1, skipped: []string{"TestP/b: not today"}}},
		{"a script", `=== RUN   TestKernel
=== RUN   TestKernel/run
    testscript.go:609: WORK=/tmp/x
        # a phase (0.1s)
        > status 0 false
        FAIL: testdata/script/run.txtar:7: status 1, want 0
        
    kit.go:177: this script changed the machine
--- FAIL: TestKernel (0.1s)
    --- FAIL: TestKernel/run (0.1s)
FAIL
`, log{failed: []string{"TestKernel/run: testdata/script/run.txtar:7: status 1, want 0"}}},
		{"without -v", "--- FAIL: TestA (0.00s)\n    a_test.go:3: why\nFAIL\nFAIL\ttt\t0.1s\n", log{failed: []string{"TestA: why"}}},
		{
			"the same names in two packages", good + good + "--- FAIL: TestA/sub (0s)\nFAIL\n",
			log{passed: 2, failed: []string{"TestA/sub: it gives no reason"}},
		},
		{"panic", `=== RUN   TestP
=== RUN   TestP/s
--- FAIL: TestP (0.00s)
    --- FAIL: TestP/s (0.00s)
panic: boom [recovered, repanicked]

goroutine 20 [running]:
FAIL	tt/pan	0.014s
`, log{failed: []string{"panic: boom [recovered, repanicked]", "TestP/s: it gives no reason"}}},
		{
			"timeout of a binary", "=== RUN   TestT\npanic: test timed out after 2s\n\trunning tests:\n\t\tTestT (2s)\n",
			log{failed: []string{"panic: test timed out after 2s", "TestT: begun and never ended", "the log breaks off without PASS or FAIL"}},
		},
		{
			"panic after PASS", good + "panic: late\n",
			log{passed: 1, failed: []string{"panic: late", "the log breaks off without PASS or FAIL"}},
		},
		{
			"fatal error", "=== RUN   TestT\nfatal error: all goroutines are asleep - deadlock!\nFAIL\ttt\t1s\n",
			log{failed: []string{"fatal error: all goroutines are asleep - deadlock!", "TestT: begun and never ended"}},
		},
		{
			"an exit", "=== RUN   TestP\n--- PASS: TestP (0.00s)\n=== RUN   TestQ\nFAIL\ttt/exit\t0.007s\n",
			log{passed: 1, failed: []string{"TestQ: begun and never ended"}},
		},
		{
			"an exit between tests", "=== RUN   TestP\n--- PASS: TestP (0.00s)\nFAIL\ttt/exit\t0.007s\nFAIL\n",
			log{passed: 1, failed: []string{"tt/exit\t0.007s"}},
		},
		{
			"a FAIL of no test", "=== RUN   TestP\n--- PASS: TestP (0.00s)\nFAIL\n",
			log{passed: 1, failed: []string{"FAIL, though no test in it failed"}},
		},
		{
			"no build", "# tt/build\nbuild/a_test.go:3:27: undefined: x\nFAIL\ttt/build [build failed]\n" + good + "ok  \ttt/a\t0.1s\nFAIL\n",
			log{passed: 1, failed: []string{"tt/build [build failed]"}},
		},
		{
			"no build after another package", good + "ok  \ttt/a\t0.1s\nFAIL\ttt/build [build failed]\nFAIL\n",
			log{passed: 1, failed: []string{"tt/build [build failed]"}},
		},
		{"broken off", strings.TrimSuffix(good, "PASS\n"), log{passed: 1, failed: []string{"the log breaks off without PASS or FAIL"}}},
		{
			"broken off after one package", good + "=== RUN   TestB\n",
			log{passed: 1, failed: []string{"TestB: begun and never ended", "the log breaks off without PASS or FAIL"}},
		},
		{"empty", "", log{failed: []string{"the log breaks off without PASS or FAIL"}}},
		{"no test", "testing: warning: no tests to run\nPASS\n", log{failed: []string{"no test ran"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := readLog(strings.NewReader(test.text))
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(log{})); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good":    good,
		"skipped": "=== RUN   TestS\n    s_test.go:1: no kernel\n--- SKIP: TestS (0.00s)\nPASS\n",
		"failed":  "=== RUN   TestF\n    f_test.go:1: wrong\n--- FAIL: TestF (0.00s)\nFAIL\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"good good", 0, "2 passed, 0 failed, 0 skipped\n", ""},
		{"good skipped", 0, "SKIP skipped: TestS: no kernel\n1 passed, 0 failed, 1 skipped\n", ""},
		{"-noskip good skipped", 1, "SKIP skipped: TestS: no kernel\n1 passed, 0 failed, 1 skipped\n", ""},
		{"-noskip good", 0, "1 passed, 0 failed, 0 skipped\n", ""},
		{"failed good", 1, "FAIL failed: TestF: wrong\n1 passed, 1 failed, 0 skipped\n", ""},
		{"good none", 1, "FAIL open none: no such file or directory\n1 passed, 1 failed, 0 skipped\n", ""},
		{"", 2, "", "usage: tally [-noskip] LOG…\n"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(strings.Fields(test.args), &stdout, &stderr)
		if code != test.code {
			t.Errorf("tally %s: exit code %d, want %d", test.args, code, test.code)
		}
		if diff := cmp.Diff(test.stdout, stdout.String()); diff != "" {
			t.Errorf("tally %s: stdout (-want +got):\n%s", test.args, diff)
		}
		if diff := cmp.Diff(test.stderr, stderr.String()); diff != "" {
			t.Errorf("tally %s: stderr (-want +got):\n%s", test.args, diff)
		}
	}
}
