package container

import (
	"testing"

	"golang.org/x/sys/unix"

	"drydock/stage1-namespaces/capability"
)

func TestRights(t *testing.T) {
	if capabilities[unix.CAP_LAST_CAP] != "CHECKPOINT_RESTORE" || capabilities[unix.CAP_SYS_ADMIN] != "SYS_ADMIN" {
		t.Error("the names are not in the kernel's order")
	}
	tests := []struct {
		add, drop []string
		want      capability.Set
		err       string
	}{
		{want: 0xa80425fb}, // as /proc/self/status says in a container of a real Docker
		{add: []string{"sys_admin"}, want: 0xa80425fb | 1<<unix.CAP_SYS_ADMIN},
		{drop: []string{"CAP_CHOWN"}, want: 0xa80425fa},
		{drop: []string{"all"}, want: 0},
		{drop: []string{"ALL"}, add: []string{"NET_RAW"}, want: 1 << unix.CAP_NET_RAW},
		{add: []string{"ALL"}, drop: []string{"CHOWN"}, want: all &^ 1},
		{add: []string{"FLY"}, err: `invalid capability: "FLY": see capabilities(7) for those that there are`},
	}
	for _, test := range tests {
		got, err := Config{CapAdd: test.add, CapDrop: test.drop}.Rights()
		if got != test.want || text(err) != test.err {
			t.Errorf("add %v, drop %v: %#x, %v, want %#x, %s", test.add, test.drop, got, err, test.want, test.err)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
