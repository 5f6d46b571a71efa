package kit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"
)

// aHost sets the suite up around unshare(1), which stands in for a stage, and a
// busybox root with one file in it.
func aHost(t *testing.T) {
	t.Helper()
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc", "hello"), []byte("hello\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BIN", unshare)
	t.Setenv("ROOTFS", root)
}

func TestKernelScripts(t *testing.T) {
	aHost(t)
	Run(t, Suite{Dir: "testdata/script", Bin: "unshare"})

	// A script has written to this file below its own $ROOTFS.
	hello, err := os.ReadFile(filepath.Join(os.Getenv("ROOTFS"), "etc", "hello"))
	if err != nil || string(hello) != "hello\n" {
		t.Errorf("the shared root was written to: %q, %v", hello, err)
	}
}

// TestFind shows which file is the program under test.
func TestFind(t *testing.T) {
	t.Setenv("BIN", "")
	if _, err := (Suite{Bin: "nonesuch"}).find(); err == nil ||
		!strings.HasSuffix(err.Error(), "/bin/nonesuch: no such file or directory; run make build") ||
		strings.Contains(err.Error(), "/internal/bin/") {
		t.Errorf("find what is not built: %v", err)
	}
	t.Setenv("BIN", "kit.go")
	here, err := filepath.Abs("kit.go")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := (Suite{Bin: "stage1"}).find(); err != nil || got != here {
		t.Errorf("find $BIN: %q, %v; want %q", got, err, here)
	}
}

// TestKernelFailures runs scripts that must fail, and looks for the lines of their
// section "want" in what is then printed; the section "undo" is a bash script that
// puts right what they did to the machine. Each runs in a test process of its own:
// this very test, with KIT_FAIL set.
func TestKernelFailures(t *testing.T) {
	needRoot(t)
	aHost(t)
	if name := os.Getenv("KIT_FAIL"); name != "" {
		Run(t, Suite{Dir: name, Bin: "unshare", limit: 2 * time.Second, settle: time.Second / 2})
		return
	}
	scripts, err := filepath.Glob("testdata/fail/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			sections := map[string]string{}
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range archive.Files {
				sections[f.Name] = string(f.Data)
			}
			out := runFailing(t, file, sections["undo"])
			for line := range strings.Lines(sections["want"]) {
				if line = strings.TrimSuffix(line, "\n"); !strings.Contains(out, line) {
					t.Errorf("the output has no %q", line)
				}
			}
			if t.Failed() {
				t.Logf("the output:\n%s", out)
			}
		})
	}
}

// runFailing runs one script in a test process of its own, undoes what it did, and
// returns what it printed.
func runFailing(t *testing.T, file, undo string) string {
	t.Helper()
	dir := t.TempDir()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), data, 0o600); err != nil {
		t.Fatal(err)
	}
	out := runSelf(t, "KIT_FAIL="+dir)
	if undone, err := exec.Command("bash", "-ec", undo).CombinedOutput(); err != nil {
		t.Errorf("undo: %v\n%s", err, undone)
	}
	return out
}

// runSelf runs the present test in a process of its own, where it must fail, and
// returns what it printed. No process may be left of it.
func runSelf(t *testing.T, env string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	before, err := readProcesses()
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	cmd := exec.Command(self, "-test.run=^"+name+"$")
	cmd.Env = append(os.Environ(), env, "TMPDIR="+t.TempDir(), "DRYDOCK_NO_SKIP=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("it passed")
	}
	after, err := readProcesses()
	if err != nil {
		t.Fatal(err)
	}
	if diff := difference(before, after); diff != "" {
		t.Errorf("processes left:\n%s", diff)
	}
	return string(out)
}
