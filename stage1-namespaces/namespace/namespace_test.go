package namespace

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestSysProcAttr looks at the clone flags without cloning: that needs no root.
func TestSysProcAttr(t *testing.T) {
	attr := Config{New: All()}.SysProcAttr()
	want := uintptr(unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS |
		unix.CLONE_NEWIPC | unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP)
	if got := attr.Cloneflags; got != want {
		t.Errorf("clone flags %#x, want %#x", got, want)
	}
	if attr.UidMappings != nil {
		t.Error("ids are mapped without a user namespace")
	}
}

func TestSet(t *testing.T) {
	tests := []struct{ list, want, err string }{
		{"pid", "pid", ""},
		{"uts,pid,uts", "uts,pid", ""},
		{"", "", `no namespace is called "": choose from pid,mount,uts,ipc,net,cgroup`},
		{"mnt", "", `no namespace is called "mnt": choose from pid,mount,uts,ipc,net,cgroup`},
		{"user", "", "the user namespace has a flag of its own: --userns"},
	}
	for _, test := range tests {
		var set Set
		err := set.Set(test.list)
		if got := text(err); got != test.err || set.String() != test.want {
			t.Errorf("%q: set %q, error %q, want %q, %q", test.list, set.String(), got, test.want, test.err)
		}
	}
}

func TestMapUsers(t *testing.T) {
	type ids = []syscall.SysProcIDMap
	var root, user syscall.SysProcAttr
	mapUsers(&root, 0, 0)
	if diff := cmp.Diff(ids{{ContainerID: 0, HostID: 100000, Size: 65536}}, root.UidMappings); diff != "" {
		t.Errorf("root's (-want +got):\n%s", diff)
	}
	mapUsers(&user, 1000, 100)
	if diff := cmp.Diff(ids{{ContainerID: 0, HostID: 1000, Size: 1}}, user.UidMappings); diff != "" {
		t.Errorf("a user's (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(ids{{ContainerID: 0, HostID: 100, Size: 1}}, user.GidMappings); diff != "" {
		t.Errorf("a user's groups (-want +got):\n%s", diff)
	}
	if user.GidMappingsEnableSetgroups || !user.Credential.NoSetGroups {
		t.Error("an ordinary user may not call setgroups(2)")
	}
}

func TestForbidden(t *testing.T) {
	tests := []struct{ file, value, want string }{
		{"user/max_user_namespaces", "15000", "EPERM"},
		{"user/max_user_namespaces", "0", "EPERM: this host forbids user namespaces (user.max_user_namespaces=0): sudo sysctl -w user.max_user_namespaces=15000, or try it in the VM: make shell"},
		{"kernel/unprivileged_userns_clone", "0", "EPERM: this host forbids user namespaces (kernel.unprivileged_userns_clone=0): sudo sysctl -w kernel.unprivileged_userns_clone=1, or try it in the VM: make shell"},
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "EPERM: this host forbids user namespaces (kernel.apparmor_restrict_unprivileged_userns=1): sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or try it in the VM: make shell"},
	}
	for _, test := range tests {
		sys := t.TempDir()
		file := filepath.Join(sys, test.file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(test.value+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := forbidden(errors.New("EPERM"), sys).Error(); got != test.want {
			t.Errorf("%s=%s:\n got %s\nwant %s", test.file, test.value, got, test.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
