package process

import (
	"errors"
	"io/fs"
	"os/exec"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCommand looks at what would be started, without starting it.
func TestCommand(t *testing.T) {
	cmd := Command(&syscall.SysProcAttr{})
	if diff := cmp.Diff([]string{"/proc/self/exe", "init"}, cmd.Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	if cmd.Env == nil || len(cmd.Env) != 0 {
		t.Errorf("init would see %v of the host's environment", cmd.Env)
	}
	if cmd.SysProcAttr.Pdeathsig != syscall.SIGKILL {
		t.Error("the container would outlive its parent")
	}
}

func TestComplete(t *testing.T) {
	t.Setenv("HERE", "yes")
	tests := []struct {
		process Program
		env     []string
		err     string
	}{
		{process: Program{Env: []string{"A=1", "HERE", "NOTHERE", "A=2"}}, env: []string{"HERE=yes", "A=2"}},
		{process: Program{Env: []string{"PATH=/bin"}}, env: []string{"HOME=/root", "PATH=/bin"}},
		{process: Program{Env: []string{"=x"}}, err: `--env "=x" has no name: give NAME=VALUE`},
		{process: Program{Dir: "tmp"}, err: `the working directory "tmp" is invalid, it needs to be an absolute path`},
	}
	for _, test := range tests {
		p := test.process
		if err := p.Complete(""); text(err) != test.err {
			t.Errorf("%v: error %v, want %s", test.process, err, test.err)
		}
		if test.err == "" && !cmp.Equal(p.Env[len(p.Env)-2:], test.env) {
			t.Errorf("%v: environment %v, want it to end with %v", test.process, p.Env, test.env)
		}
	}
}

func TestExitCode(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{failure(&exec.Error{Name: "x", Err: exec.ErrNotFound}), 127},
		{failure(fs.ErrNotExist), 127},
		{failure(fs.ErrPermission), 126},
		{failure(syscall.ENOEXEC), 126},
		{errors.New("mount"), 125},
	}
	for _, test := range tests {
		if got := ExitCode(test.err); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
