package threads

import (
	"os"
	"testing"
)

func TestSpare(t *testing.T) {
	Spare(20)
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("no /proc: " + err.Error())
	}
	if len(threads) < 20 {
		t.Errorf("there are only %d threads", len(threads))
	}
}
