package kernel

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestMountCommand(t *testing.T) {
	tests := []struct {
		source, target, fstype string
		flags                  uintptr
		data                   string
		want                   string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, "", "mount --make-rprivate /"},
		{"", "/mnt", "", unix.MS_PRIVATE, "", "mount --make-private /mnt"},
		{"/a b", "/c", "", unix.MS_BIND | unix.MS_REC, "", "mount --rbind '/a b' /c"},
		{"/dev/null", "dev/null", "", unix.MS_BIND, "", "mount --bind /dev/null dev/null"},
		{"", "/c", "", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY, "", "mount -o remount,bind,ro /c"},
		{"proc", "proc", "proc", 0, "", "mount -t proc proc proc"},
		{"tmpfs", "dev", "tmpfs", unix.MS_NOSUID, "mode=755", "mount -t tmpfs -o nosuid,mode=755 tmpfs dev"},
	}
	for _, test := range tests {
		got := mountCommand(test.source, test.target, test.fstype, test.flags, test.data)
		if got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestUnshareCommand(t *testing.T) {
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 100000, Size: 65536}}
	attr := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID,
		UidMappings: ids, GidMappings: ids,
		Credential: &syscall.Credential{},
		Pdeathsig:  syscall.SIGKILL,
	}
	want := "unshare --fork --user --mount --pid --map-users=100000,0,65536 --map-groups=100000,0,65536 " +
		"--setuid 0 --setgid 0 --propagation unchanged --kill-child sh"
	if diff := cmp.Diff(want, unshareCommand(attr)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestQuote has a shell take the words apart again.
func TestQuote(t *testing.T) {
	words := []string{"plain", "", "a b", "it's", `back\slash`, "$HOME", "`id`", "new\nline", "*", "~", "#", "a=b", "-x", "'", "a;b", "ü"}
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, Quote(word))
	}
	out, err := exec.Command("sh", "-c", "for w in "+strings.Join(quoted, " ")+`; do printf '%s\0' "$w"; done`).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if diff := cmp.Diff(words, got); diff != "" {
		t.Errorf("after the shell (-want +got):\n%s", diff)
	}
	if got := Quote("/plain/path"); got != "/plain/path" {
		t.Errorf("a plain word became %s", got)
	}
}

// TestExplain takes real steps that need no privilege, and their commands in a
// shell: both make the same.
func TestExplain(t *testing.T) {
	dir := t.TempDir()
	byCall, byShell := filepath.Join(dir, "call"), filepath.Join(dir, "shell")
	var steps []Step
	Explain = func(s Step) { steps = append(steps, s) }
	t.Cleanup(func() { Explain = nil })

	if err := MkdirAll("a place", filepath.Join(byCall, "in it"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Symlink("a link", "/proc/self/fd", filepath.Join(byCall, "fd")); err != nil {
		t.Fatal(err)
	}
	if err := Mknod("a file", filepath.Join(byCall, "file"), unix.S_IFREG|0o644, 0); err != nil {
		t.Fatal(err)
	}
	if err := MkdirAll("again, which is no step", byCall, 0o755); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 3 {
		t.Fatalf("%d steps were told, want 3: %v", len(steps), steps)
	}
	if got, want := steps[1].Call, `symlink("/proc/self/fd", "`+byCall+`/fd")`; got != want {
		t.Errorf("call %s, want %s", got, want)
	}
	for _, s := range steps {
		shell := strings.ReplaceAll(s.Shell, byCall, byShell)
		if out, err := exec.Command("sh", "-c", shell).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", shell, err, out)
		}
	}
	if diff := cmp.Diff(listing(t, byCall), listing(t, byShell)); diff != "" {
		t.Errorf("(-by system calls +by the shell):\n%s", diff)
	}
}

// TestExplainInDirectory takes the steps that name a file in an open directory, of which a
// shell knows none.
func TestExplainInDirectory(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	fd := int(dir.Fd())
	var told []string
	Explain = func(s Step) { told = append(told, strings.Replace(s.Call, strconv.Itoa(fd), "FD", 1)+s.Shell) }
	t.Cleanup(func() { Explain = nil })

	if err := Mkdirat("a directory", fd, "sub", 0o755); err != nil {
		t.Error(err)
	}
	if err := Mknodat("a file", fd, "file", unix.S_IFREG|0o644); err != nil {
		t.Error(err)
	}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	opened, err := Openat2("the root of its own", fd, "../../sub", &how)
	if err != nil {
		t.Error(err)
	}
	defer unix.Close(opened)
	if _, err := Openat2("nothing", fd, "/missing", &how); err == nil || err.Error() != "open /missing: no such file or directory" {
		t.Errorf("got %v", err)
	}
	want := []string{
		`mkdirat(FD, "sub", 0755)`,
		`mknodat(FD, "file", S_IFREG|0644, 0)`,
		`openat2(FD, "../../sub", {.flags=012000000, .resolve=RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS})`,
		`openat2(FD, "/missing", {.flags=012000000, .resolve=RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS})`,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func listing(t *testing.T, dir string) (entries []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			entries = append(entries, strings.TrimPrefix(path, dir)+" "+info.Mode().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestErrorsSayWhatAndWhere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	err := Chdir("there is nothing", missing)
	if want := "change directory to " + missing + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
