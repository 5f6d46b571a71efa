package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGuestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "x.guest")
	manifest := Manifest{Recipe: "r", Suite: "s", Arch: "a", Kernel: "k", Packages: []Package{{"p", "1", "all"}}}
	if err := writeGuest(file, manifest, []byte("kernel"), sampleTree()); err != nil {
		t.Fatal(err)
	}
	got, err := readManifest(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(manifest, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	var kernel bytes.Buffer
	if err := extract(file, kernelMember, &kernel); err != nil || kernel.String() != "kernel" {
		t.Errorf("kernel: got %q, %v", kernel.String(), err)
	}
	if err := extract(file, "nothing", &kernel); err == nil {
		t.Error("a member that is not there was extracted")
	}
	other := folder(t, "not a guest")
	if _, err := readManifest(filepath.Join(other, "not a guest")); err == nil || !strings.Contains(err.Error(), "is not a guest file") {
		t.Errorf("another file: got %v", err)
	}
}

// TestGuestIsKeptWhileFresh: a guest of this recipe is left alone, without
// asking apt anything.
func TestGuestIsKeptWhileFresh(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.guest")
	want, err := recipe()
	if err != nil {
		t.Fatal(err)
	}
	manifest := Manifest{Recipe: want, Suite: "trixie", Arch: "arm64"}
	if err := writeGuest(file, manifest, nil, Tree{}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/nonexistent")
	var out bytes.Buffer
	stdio := Stdio{nil, &out, &out}
	args := []string{"guest", "--suite", "trixie", "--arch", "arm64", "-o", file}
	if status := run(args, stdio); status != 0 || out.Len() > 0 {
		t.Errorf("a fresh guest: status %d, %s", status, &out)
	}
	args[2] = "bookworm"
	if status := run(args, stdio); status != exitFailure || !strings.Contains(out.String(), "building") {
		t.Errorf("another suite: status %d, %q; want an attempt to build it", status, &out)
	}
}

// TestRootfs makes a root from the host's busybox, and asks that busybox
// whether each of its commands is there.
func TestRootfs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "root")
	var out bytes.Buffer
	for range 2 { // again, over the first
		if status := run([]string{"rootfs", dir}, Stdio{nil, &out, &out}); status != 0 {
			t.Fatalf("status %d: %s", status, &out)
		}
	}
	list, err := exec.Command(filepath.Join(dir, "bin/busybox"), "--list").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(list)) {
		if _, err := os.Stat(filepath.Join(dir, "bin", name)); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"dev", "proc", "sys", "tmp", "root", "etc/passwd", "etc/group", "home"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestRootfsRefusesADynamicBusybox(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("BUSYBOX", bash)
	var errs bytes.Buffer
	status := run([]string{"rootfs", t.TempDir()}, Stdio{nil, &errs, &errs})
	if status != exitFailure || !strings.Contains(errs.String(), "dynamically linked") {
		t.Errorf("status %d, %q", status, &errs)
	}
}

func TestUsageErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "testvm: a command is missing"},
		{[]string{"boot"}, `testvm: unknown command "boot"`},
		{[]string{"run"}, "testvm: run wants a command"},
		{[]string{"run", "--nonsense", "true"}, "testvm: run: flag provided but not defined: -nonsense"},
		{[]string{"run", "--guest", "/nonexistent", "true"}, "testvm: there is no guest file /nonexistent: make it with `make guest`"},
		{[]string{"guest", "x"}, `testvm: guest takes no argument "x"`},
		{[]string{"rootfs"}, "testvm: rootfs wants one folder"},
		{[]string{"shell", "x"}, "testvm: shell takes no command"},
	} {
		var errs bytes.Buffer
		status := run(test.args, Stdio{os.Stdin, &errs, &errs})
		if status != exitFailure || !strings.HasPrefix(errs.String(), test.want) || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("testvm %q: status %d, %q; want 125 and one line that begins with %q", test.args, status, &errs, test.want)
		}
	}
}
