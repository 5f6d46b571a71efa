// Command tally counts the tests in the logs of many test runs.
//
// The tests of one make test run in many places: package by package on the host,
// binary by binary in a VM. What each prints with -test.v is kept in a log; tally
// reads the logs and says what came of it, in one line at the end:
//
//	57 passed, 0 failed, 0 skipped
//
// A test that has subtests is not counted beside them, unless it failed or was
// skipped by itself. A log that breaks off, or in which no test ran, is a failure:
// silence is no success.
//
//	tally [-noskip] LOG…
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
