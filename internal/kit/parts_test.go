package kit

import (
	"fmt"
	"os"
	"testing"
)

// Cgroups with another number are another run's.
func TestOthers(t *testing.T) {
	for path, want := range map[string]bool{
		fmt.Sprintf("/drydock-%d/4f1d", os.Getpid()): false,
		"/drydock-1/4f1d":         true,
		"/drydock/4f1d":           false,
		"/system.slice/drydock-1": false,
	} {
		if got := others(path); got != want {
			t.Errorf("others(%s) is %v", path, got)
		}
	}
}
