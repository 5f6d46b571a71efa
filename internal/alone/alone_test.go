package alone

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
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

// TestKernelPrivate mounts something where others would see it: in a mount that is shared.
func TestKernelPrivate(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	shared := t.TempDir()
	must(t, unix.Mount("shared", shared, "tmpfs", 0, ""))
	t.Cleanup(func() { must(t, unix.Unmount(shared, unix.MNT_DETACH)) })
	must(t, unix.Mount("", shared, "", unix.MS_SHARED, ""))
	below := filepath.Join(shared, "below")
	must(t, os.Mkdir(below, 0o755))
	must(t, Call(func() error { return unix.Mount("below", below, "tmpfs", 0, "") }))
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	if strings.Contains(string(mounts), below) {
		t.Errorf("the host has %s mounted", below)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
