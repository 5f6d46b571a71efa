package storage

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/internal/alone"
	"drydock/stage3-unionfs/overlay"
)

// TestKernelDrivers has each driver pass the same tests.
func TestKernelDrivers(t *testing.T) {
	for _, driver := range drivers {
		t.Run(driver.Name(), func(t *testing.T) {
			t.Run("diff", func(t *testing.T) { testDiff(t, driver) })
			t.Run("layers", func(t *testing.T) { testLayers(t, driver) })
		})
	}
}

// testDiff runs the cases of docker diff that stage 3 recorded.
func testDiff(t *testing.T, driver Driver) {
	root := busybox(t)
	if out, err := exec.Command("sh", "../../stage3-unionfs/testdata/diff/base.sh", root).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	before := listing(t, root)
	file, err := os.Open("../../stage3-unionfs/testdata/diff/docker.json")
	must(t, err)
	defer file.Close()
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var r struct {
			Name, Script string
			Diff         []string
		}
		must(t, json.Unmarshal(lines.Bytes(), &r))
		// Docker's own files, what JSON cannot hold, and what is mounted in a container.
		if r.Name == "" || slices.Contains(strings.Fields("etc-hosts etc-hosts-delete dockerenv-delete mtab-delete name-not-utf8 dev proc read"), r.Name) {
			continue
		}
		if driver.Name() == "vfs" && strings.HasPrefix(r.Name, "hard-") {
			continue // in a copy, two names of a file stay one file
		}
		count++
		c := overlay.Config{Dir: place(t), Layers: []string{root}}
		_ = run(t, driver, c, r.Script) // some are meant to fail
		changes, err := driver.Changes(c)
		must(t, err)
		var got []string
		for _, change := range changes {
			got = append(got, change.String())
		}
		slices.SortFunc(r.Diff, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
		if !slices.Equal(r.Diff, got) {
			t.Errorf("%s: %s (-Docker +we):\n%s", r.Name, r.Script, cmp.Diff(r.Diff, got))
		}
	}
	if count < 100 {
		t.Errorf("only %d cases", count)
	}
	if diff := cmp.Diff(before, listing(t, root)); diff != "" {
		t.Errorf("the layer has changed (-before +after):\n%s", diff)
	}
}

// testLayers stacks layers with whiteouts, opaque directories and changes of kind.
func testLayers(t *testing.T, driver Driver) {
	root, dir := busybox(t), place(t)
	out, err := exec.Command("sh", "-ec", `cd "$0"
		mkdir -p low/dir low/gone low/kind high/dir hiding/dir hiding/gone
		echo low >low/file; echo low >low/both; echo low >low/dir/a; echo low >low/gone/old; echo x >low/kind/x
		ln low/both low/second; ln low/file low/again; echo x >low/lonely; ln low/lonely low/pair
		echo high >high/both; echo high >high/dir/b; echo high >high/kind
		mknod hiding/file c 0 0; touch hiding/gone/new; chmod 700 hiding/dir; chown 7:8 hiding/dir`, dir).CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	must(t, unix.Setxattr(filepath.Join(dir, "hiding/gone"), "trusted.overlay.opaque", []byte("y"), 0))
	c := overlay.Config{
		Dir:    filepath.Join(dir, "container"),
		Layers: []string{root, filepath.Join(dir, "low"), filepath.Join(dir, "high"), filepath.Join(dir, "hiding")},
	}
	must(t, os.Mkdir(c.Dir, 0o755))
	script := `cat both dir/a dir/b kind second; ls gone; test ! -e file; stat -c '%a %u:%g' dir; stat -c %h pair; echo mine >file`
	if got, want := run(t, driver, c, script), "high\nlow\nhigh\nhigh\nlow\nnew\n700 7:8\n2\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// What it has changed is there when it starts again.
	if got := run(t, driver, c, "cat file"); got != "mine\n" {
		t.Errorf("the second time: %s", got)
	}
	changes, err := driver.Changes(c)
	must(t, err)
	if diff := cmp.Diff([]overlay.Change{{Kind: 'A', Path: "/file"}}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

// TestKernelChoose probes a state root where overlays work, and one where they do not.
func TestKernelChoose(t *testing.T) {
	var warnings strings.Builder
	root := place(t)
	driver, err := Choose("", root, &warnings)
	must(t, err)
	if driver.Name() != "overlay" || warnings.Len() != 0 {
		t.Errorf("%s, %s", driver.Name(), warnings.String())
	}
	for name, want := range map[string]string{"vfs": "", "overlay": "", "zfs": `there is no storage driver "zfs": choose from overlay, vfs`} {
		driver, err := Choose(name, root, nil)
		if err != nil && err.Error() != want || err == nil && driver.Name() != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKernelOnOverlay has itself run again where the state root is on an overlay.
func TestKernelOnOverlay(t *testing.T) {
	root := os.Getenv("ON_OVERLAY")
	if root == "" {
		dir := place(t)
		cmd := exec.Command("unshare", "--mount", "sh", "-ec", `cd "$0"; mkdir lower upper work merged
			mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay merged; exec "$@"`, dir, os.Args[0], "-test.run", t.Name())
		cmd.Env = append(os.Environ(), "ON_OVERLAY="+dir+"/merged")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	var warnings strings.Builder
	driver, err := Choose("", root, &warnings)
	must(t, err)
	if driver.Name() != "vfs" || !strings.Contains(warnings.String(), "invalid argument: the state root lies on an overlay itself") {
		t.Errorf("%s: %s", driver.Name(), warnings.String())
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 0 {
		t.Errorf("the probe has left %v: %v", left, err)
	}
}

// run prepares a container and runs a script in it, on its root directory alone.
func run(t *testing.T, driver Driver, c overlay.Config, script string) string {
	t.Helper()
	must(t, driver.Prepare(c))
	var out strings.Builder
	must(t, alone.Call(func() error {
		if err := driver.Mount(c); err != nil {
			return err
		}
		cmd := exec.Command("/bin/sh", "-c", script)
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: driver.Root(c)}
		cmd.Dir = "/"
		cmd.Stdout = &out
		var ended *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
			return err
		}
		return nil
	}))
	return out.String()
}

// place is a folder on a file system that can hold an upper directory.
func place(t *testing.T) string {
	t.Helper()
	if os.Getenv("DRYDOCK_VM") != "1" {
		if os.Geteuid() != 0 {
			t.Skip("needs root: make test runs this in the VM")
		}
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/var/lib/drydock", "storage-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// busybox is a copy of the busybox root.
func busybox(t *testing.T) string {
	t.Helper()
	shared := os.Getenv("ROOTFS")
	if shared == "" {
		shared = "../../build/busybox"
	}
	root := filepath.Join(place(t), "root")
	if out, err := exec.Command("cp", "-a", shared, root).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	return root
}

// listing is what a tree is made of, without the times of access.
func listing(t *testing.T, root string) string {
	t.Helper()
	out, err := exec.Command("find", root, "-printf", `%P %y %m %U:%G %T+ %s %n %l\n`).Output()
	must(t, err)
	return string(out)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
