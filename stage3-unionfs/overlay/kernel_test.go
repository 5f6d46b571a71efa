package overlay

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// elsewhere are recorded cases about what Docker itself puts into a container, or could
// not be recorded.
var elsewhere = map[string]string{
	"etc-hosts":        "is mounted, from stage 7 on",
	"etc-hosts-delete": "the same",
	"dockerenv-delete": "Docker's own mark",
	"mtab-delete":      "Docker's own link",
	"name-not-utf8":    "JSON has no such names; we print the bytes",
}

// TestKernelDiff runs the recorded cases in containers of stage 3, and compares what diff
// says with what docker diff said.
func TestKernelDiff(t *testing.T) {
	root, program := place(t)
	if out, err := exec.Command("sh", "../testdata/diff/base.sh", root).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	stage3 := func(args ...string) *exec.Cmd {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "DRYDOCK_ROOT="+filepath.Dir(root)+"/state", "DRYDOCK_CGROUP_PARENT=/drydock-diff")
		return cmd
	}
	t.Cleanup(func() { // the parent of all groups, which is not there on a host without containers
		for _, hierarchy := range []string{"", "/unified"} {
			_ = os.Remove("/sys/fs/cgroup" + hierarchy + "/drydock-diff")
		}
	})
	for _, r := range recorded(t) {
		if elsewhere[r.Name] != "" {
			continue
		}
		run := stage3("run", "--keep", "--name", r.Name+"-x", root, "sh", "-c", r.Script)
		out, err := run.CombinedOutput()
		if run.ProcessState.ExitCode() != r.Exit {
			t.Errorf("%s: exit %v, Docker's was %d: %s", r.Name, err, r.Exit, out)
		}
		out, err = stage3("diff", r.Name+"-x").Output()
		if err != nil {
			t.Error(r.Name, err)
		}
		got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if len(out) == 0 {
			got = nil
		}
		slices.SortFunc(r.Diff, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
		if diff := cmp.Diff(r.Diff, slices.Clip(got)); diff != "" && len(r.Diff)+len(got) > 0 {
			t.Errorf("%s: %s (-Docker +we):\n%s", r.Name, r.Script, diff)
		}
		if out, err := stage3("rm", r.Name+"-x").CombinedOutput(); err != nil {
			t.Fatal(string(out))
		}
	}
}

// A record is what docker diff said: testdata/diff/record.sh made it.
type record struct {
	Name, Script string
	Exit         int
	Diff         []string
}

func recorded(t *testing.T) (all []record) {
	t.Helper()
	file, err := os.Open("../testdata/diff/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Name != "" {
			all = append(all, r)
		}
	}
	if len(all) < 20 {
		t.Fatalf("only %d cases", len(all))
	}
	return all
}

// place returns a copy of the busybox root, and the program.
func place(t *testing.T) (root, program string) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("DRYDOCK_VM") == "1" {
			t.Fatal("nothing may be skipped here")
		}
		t.Skip("needs root: make test runs this in the VM")
	}
	program, err := filepath.Abs("../../bin/stage3")
	if err != nil {
		t.Fatal(err)
	}
	base := "" // in the VM, the state disk: its root cannot be an upper directory
	if os.Getenv("DRYDOCK_VM") == "1" {
		base = "/var/lib/drydock"
	}
	dir, err := os.MkdirTemp(base, "diff-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	shared := os.Getenv("ROOTFS")
	if shared == "" {
		shared = "../../build/busybox"
	}
	root = filepath.Join(dir, "root")
	if out, err := exec.Command("cp", "-a", shared, root).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	return root, program
}
