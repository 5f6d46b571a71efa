package attach

import (
	"os"
	"testing"

	"drydock/final/mounts"
	"drydock/final/mounts/point"
)

// TestKernelClose has nothing stay mounted if the last of several cannot be.
func TestKernelClose(t *testing.T) {
	bad := newPoint(t)
	bad.Type, bad.Tmpfs = mounts.Tmpfs, "nonsense"
	points := []point.Point{{Type: mounts.Tmpfs}, {Type: mounts.Tmpfs}, bad}
	before := 0
	for again := range 2 {
		if _, err := Open(points); err == nil {
			t.Fatal("nonsense is mounted")
		}
		fds, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		if again == 0 {
			before = len(fds)
		} else if len(fds) != before {
			t.Errorf("%d files are open, and there were %d", len(fds), before)
		}
	}
}
