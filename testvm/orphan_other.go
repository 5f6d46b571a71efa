//go:build !linux

package main

import "os/exec"

// dieWithParent can do nothing here: only Linux ties a process to its parent.
// A VM whose testvm was killed with SIGKILL ends when its command does.
func dieWithParent(*exec.Cmd) {}
