package namespace

import (
	"os"
	"os/exec"
	"sync"
	"testing"
)

// TestKernelInside enters from many threads at once. All come in, and none of them is the first,
// which would stay, and whose namespaces are the process's in /proc.
func TestKernelInside(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	child := exec.Command("cat")
	child.SysProcAttr = Config{New: Set{Mount, UTS}}.SysProcAttr()
	end, err := child.StdinPipe()
	must(t, err)
	must(t, child.Start())
	defer func() {
		must(t, end.Close())
		must(t, child.Wait())
	}()
	target, err := Hold(child.Process.Pid)
	must(t, err)
	defer target.Close()

	before := mountNamespace(t, "/proc/self")
	const many = 50
	var all, calls sync.WaitGroup
	all.Add(many)
	for range many {
		calls.Go(func() {
			err := target.Inside(func() error {
				all.Done()
				all.Wait() // so there are as many threads
				if mountNamespace(t, "/proc/thread-self") == before {
					t.Error("not inside")
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if after := mountNamespace(t, "/proc/self"); after != before {
		t.Errorf("the process has come from %s to %s", before, after)
	}
}

func mountNamespace(t *testing.T, folder string) string {
	link, err := os.Readlink(folder + "/ns/mnt")
	if err != nil {
		t.Error(err)
	}
	return link
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
