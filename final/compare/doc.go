// Package compare asks Drydock what Docker was asked, and compares the answers: exit code, stdout and stderr.
//
// testdata/cases has the command lines, testdata/docker.json what Docker 29 made of them; testdata/record.sh, or
// `make compare`, asks it again. Both are asked by the same code (ask.go), each in a place of its own, and what cannot be
// the same (ids, times, the name of the program) is replaced in both answers (normal.go). The lines in which Drydock
// differs on purpose are in differences.go, each with the reason, from which docs/differences.md is written.
//
// All is in tests:
//
//	go test ./final/compare -run TestRootCompare              as root, after make build
//	go test ./final/compare -run TestRootCompare/health       one section
package compare
