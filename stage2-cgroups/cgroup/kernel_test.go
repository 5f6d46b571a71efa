package cgroup

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestKernelBirth has a process say where it was born: nobody moves it after its start,
// and the first thing that it does is to look.
func TestKernelBirth(t *testing.T) {
	group := create(t)
	for range 20 {
		cmd := exec.Command("cat", "/proc/self/cgroup")
		group.Into(cmd)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatal(err, string(out))
		}
		if !strings.Contains(string(out), "/"+group.Name()+"\n") {
			t.Fatalf("a process found itself in another group than %s:\n%s", group.Path, out)
		}
	}
}

// TestKernelBusy removes a group in which a process still forks others.
func TestKernelBusy(t *testing.T) {
	group := create(t)
	cmd := exec.Command("sh", "-c", "while :; do sleep 1000 & sleep 0.01; done")
	group.Into(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := group.Remove(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the process in it ended with %v", err)
	}
	if err := group.Remove(); err != nil {
		t.Errorf("to remove it again: %v", err)
	}
}

// create makes a group below a parent of its own, and removes both afterwards.
func create(t *testing.T) *Group {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("DRYDOCK_VM") == "1" {
			t.Fatal("nothing may be skipped here")
		}
		t.Skip("cgroups are root's")
	}
	parent := fmt.Sprintf("/drydock-%s-%d", t.Name(), os.Getpid())
	group, err := Create(parent, "box", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := group.Remove(); err != nil {
			t.Error(err)
		}
		if err := os.Remove(filepath.Dir(group.Path)); err != nil {
			t.Error(err)
		}
	})
	return group
}
