package kit

import (
	"fmt"
	"os"
	"testing"
)

// Cgroups are another run's as long as that one is there.
func TestOthers(t *testing.T) {
	for path, want := range map[string]bool{
		fmt.Sprintf("/drydock-%d/4f1d", os.Getppid()): true,
		fmt.Sprintf("/drydock-%d/4f1d", os.Getpid()):  false,
		"/drydock-4194305/4f1d":                       false, // above any pid: proc_sys_kernel(5)
		"/drydock/4f1d":                               false,
		"/system.slice/drydock-1":                     false,
	} {
		if got := others(path); got != want {
			t.Errorf("others(%s) is %v", path, got)
		}
	}
}
