package alone

import (
	"os"
	"sync"
	"testing"
)

// TestKernelCall calls from many threads at once: none of them is the first, whose namespace is
// the process's in /proc.
func TestKernelCall(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	before := namespace(t, "/proc/self/ns/mnt")
	const many = 50
	var all, calls sync.WaitGroup
	all.Add(many)
	for range many {
		calls.Go(func() {
			err := Call(func() error {
				all.Done()
				all.Wait() // so there are as many threads
				if namespace(t, "/proc/thread-self/ns/mnt") == before {
					t.Error("not alone")
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if after := namespace(t, "/proc/self/ns/mnt"); after != before {
		t.Errorf("the process has come from %s to %s", before, after)
	}
}

func namespace(t *testing.T, path string) string {
	link, err := os.Readlink(path)
	if err != nil {
		t.Error(err)
	}
	return link
}
