//go:build cover

package cover

import (
	"fmt"
	"os"
	"runtime/coverage"

	"golang.org/x/sys/unix"
)

// dir is the opened folder, or -1. It is a variable of the package as the counters
// are of the process.
var dir = -1

// Open opens the folder that $GOCOVERDIR names. The descriptor is closed at exec.
func Open() {
	path := os.Getenv("GOCOVERDIR")
	if path == "" {
		return
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == nil { // without the folder there is simply no coverage
		dir = fd
	}
}

// Write writes the counters into the folder. It finds its way there through /proc;
// where that is not mounted, the counters are lost.
func Write() {
	if dir >= 0 {
		_ = coverage.WriteCountersDir(fmt.Sprintf("/proc/self/fd/%d", dir)) // see above
	}
}

// Env is the environment that init is started with: the folder, if there is one.
func Env() []string {
	if path := os.Getenv("GOCOVERDIR"); path != "" {
		return []string{"GOCOVERDIR=" + path}
	}
	return []string{}
}
