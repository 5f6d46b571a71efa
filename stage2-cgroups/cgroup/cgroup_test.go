package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

func TestPut(t *testing.T) {
	var limits Limits
	limits.Put("pids.max", "5")
	limits.Put("memory.max", "100")
	limits.Put("pids.max", "7")
	if diff := cmp.Diff(Limits{{"memory.max", "100"}, {"pids.max", "7"}}, limits); diff != "" {
		t.Errorf("the later value should hold (-want +got):\n%s", diff)
	}
}

// TestMissing delegates on trees that lack the controller, made of plain files.
func TestMissing(t *testing.T) {
	const hybrid = `30 1 0:26 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory
31 1 0:27 / DIR rw shared:10 - cgroup2 cgroup2 rw`
	const only = `31 1 0:27 / DIR rw shared:10 - cgroup2 cgroup2 rw`
	tests := []struct{ mounts, has, limit, err string }{
		{hybrid, "", "memory.max", `memory.max needs the cgroup v2 controller "memory", and it sits in cgroup v1, at /sys/fs/cgroup/memory: boot with cgroup_no_v1=all, or try it in the VM: make shell`},
		{only, "io", "pids.max", `pids.max needs the cgroup v2 controller "pids", and DIR was not given it: ask whoever delegated that group, or try it in the VM: make shell`},
		{only, "cpu io", "cpu.max", ""},
	}
	for _, test := range tests {
		dir := t.TempDir()
		for _, group := range []string{"", "/drydock"} {
			writeGroup(t, dir+group, test.has)
		}
		mounts, err := mountinfo.GetMountsFromReader(strings.NewReader(strings.ReplaceAll(test.mounts, "DIR", dir)), nil)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := treeOf(mounts)
		if err != nil {
			t.Fatal(err)
		}
		err = tree.delegate("/drydock", Limits{{test.limit, "1"}})
		if got := text(err); got != strings.ReplaceAll(test.err, "DIR", dir) {
			t.Errorf("got  %s\nwant %s", got, test.err)
		}
		control, err := os.ReadFile(dir + "/drydock/cgroup.subtree_control")
		if err != nil || test.err == "" && string(control) != "+cpu" {
			t.Errorf("subtree_control is %q (%v)", control, err)
		}
	}
}

func writeGroup(t *testing.T, dir, controllers string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"cgroup.controllers": controllers, "cgroup.subtree_control": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoTree(t *testing.T) {
	_, err := treeOf(nil)
	if want := "cgroup v2 is not mounted: mount -t cgroup2 none /sys/fs/cgroup as root, or try it in the VM: make shell"; text(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestRemedy(t *testing.T) {
	for errno, want := range map[error]string{
		unix.EACCES:            "permission denied: this needs root: use sudo",
		unix.EROFS:             "read-only file system: in an ordinary container cgroups cannot be changed: try it in the VM: make shell",
		errors.New("anything"): "anything",
	} {
		if got := text(withRemedy(errno)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
