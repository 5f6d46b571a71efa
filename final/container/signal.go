package container

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Signal reads the name of a signal, with or without SIG before it, or its number. signal(7).
func Signal(text string) (unix.Signal, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > 64 {
			return 0, fmt.Errorf("invalid signal: %s", text)
		}
		return unix.Signal(n), nil
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if s := unix.SignalNum(name); s != 0 {
		return s, nil
	}
	for prefix, from := range map[string]int{"SIGRTMIN": 34, "SIGRTMAX": 64} {
		rest, isReal := strings.CutPrefix(name, prefix)
		n, err := strconv.Atoi(rest)
		if isReal && rest == "" {
			n, err = 0, nil
		}
		if isReal && err == nil && from+n >= 34 && from+n <= 64 {
			return unix.Signal(from + n), nil
		}
	}
	return 0, fmt.Errorf("invalid signal: %s", text)
}
