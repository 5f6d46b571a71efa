package mounts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/final/mounts/point"
)

// TestKernelRecorded has containers see what is mounted as those of a real Docker did.
func TestKernelRecorded(t *testing.T) {
	needRoot(t)
	all := cases(t)
	us := newWorld(t)
	us.runs = func(points []point.Point) (string, error) {
		c, err := start(t, points, "cat /proc/self/mountinfo; stat -c '%a %u:%g' /x")
		if err != nil {
			return "", err
		}
		return onX(c.end(t)), nil
	}
	before, count := mountinfo(t), 0
	for _, docker := range all {
		ours := us.run(docker.Words)
		if docker.Words[0] != "run" || different[docker.name()] != "" {
			continue
		}
		count++
		if diff := cmp.Diff(seen(docker), seen(ours)); diff != "" {
			t.Errorf("%s (-Docker +ours):\n%s%s", docker.name(), diff, ours.Stderr)
		}
		if why := reason(docker); !strings.Contains(reason(ours), why) || why == "" && ours.Stderr != "" {
			t.Errorf("%s:\nwe say      %s\nDocker says %s", docker.name(), ours.Stderr, docker.Stderr)
		}
	}
	if count < 70 {
		t.Errorf("only %d cases", count)
	}
	if diff := cmp.Diff(before, mountinfo(t)); diff != "" {
		t.Errorf("the host's mounts have changed (-before +after):\n%s", diff)
	}
}

// newWorld is what record.sh sets up.
func newWorld(t *testing.T) *program {
	t.Helper()
	us := newProgram(t, place(t))
	mount := func(flags uintptr, source, target string) {
		target = filepath.Join(us.dir, target)
		must(t, os.MkdirAll(target, 0o755))
		must(t, unix.Mount(source, target, "tmpfs", flags, ""))
		t.Cleanup(func() { must(t, unix.Unmount(target, unix.MNT_DETACH)) })
	}
	change := func(flags uintptr, target string) {
		must(t, unix.Mount("", filepath.Join(us.dir, target), "", flags, ""))
	}
	mount(0, "tmpfs", "tree/sub")
	mount(0, "tmpfs", "shared")
	change(unix.MS_SHARED, "shared")
	must(t, os.Mkdir("shared/sub", 0o755))
	mount(0, "tmpfs", "shared/below")
	mount(unix.MS_BIND, filepath.Join(us.dir, "shared"), "slave")
	change(unix.MS_SLAVE, "slave")
	mount(0, "tmpfs", "private")
	change(unix.MS_PRIVATE, "private")
	must(t, os.Mkdir("private/sub", 0o755))
	return us
}

func mountinfo(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	return strings.Split(string(text), "\n")
}

// onX is what record.sh's script tells: the mounts on /x, and the last line, which is stat's.
func onX(text string) string {
	var told strings.Builder
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) < 6:
			told.WriteString(line)
		case fields[4] == "/x" || strings.HasPrefix(fields[4], "/x/"):
			fmt.Fprintln(&told, peers.ReplaceAllString(strings.Join(fields[4:], " "), "$1"))
		}
	}
	return told.String()
}

var (
	peers   = regexp.MustCompile(`\b(shared|master):\d+|propagate_from:\d+`)
	ramSize = regexp.MustCompile(`size=\d+k`)
	above   = regexp.MustCompile(`is mounted on \S+`)
)

// seen is what can be compared of what a container tells: not what kind of disk there is, nor how
// much memory, of which a size may be a percentage; nor how Docker's folder of volumes is mounted,
// of which ours are private copies; nor that a tmpfs is read-only itself, not just its mount.
func seen(r recorded) (all []string) {
	for line := range strings.Lines(r.Stdout) {
		if !strings.Contains(line, " tmpfs ") && strings.HasPrefix(line, "/") {
			target, rest, _ := strings.Cut(line, " ")
			line = target + " " + rest[:2]
		}
		if strings.Contains(r.name(), "%") {
			line = ramSize.ReplaceAllString(line, "size")
		}
		if !strings.Contains(r.name(), "/shared") && !strings.Contains(r.name(), "/slave") {
			line = strings.Replace(line, " master ", " ", 1)
		}
		line = strings.NewReplacer("tmpfs tmpfs ro", "tmpfs tmpfs rw", ",inode64", "").Replace(line) // the latter, on some kernels
		all = append(all, strings.TrimSpace(line))
	}
	return all
}

// reason is the last clause of an error, but for what we add.
func reason(r recorded) string {
	text := above.ReplaceAllString(said(r.Stderr), "is mounted on ABOVE")
	if r.Exit == 1 {
		return text // ours
	}
	return text[strings.LastIndex(text, ": ")+1:]
}

// TestKernelPropagation mounts something on either side, for each mode, and looks at the other.
func TestKernelPropagation(t *testing.T) {
	needRoot(t)
	type sides struct{ Host, HostBelow, Container, ContainerBelow bool } // who sees what the other mounted
	for mode, want := range map[string]sides{
		"":         {},
		"rprivate": {},
		"private":  {ContainerBelow: true},
		"rslave":   {Container: true, ContainerBelow: true},
		"slave":    {Container: true, ContainerBelow: true},
		"rshared":  {Host: true, HostBelow: true, Container: true, ContainerBelow: true},
		"shared":   {Host: true, HostBelow: true, Container: true, ContainerBelow: true},
	} {
		us := newWorld(t)
		for _, name := range []string{"in", "out", "below/in", "below/out"} {
			must(t, os.Mkdir("shared/"+name, 0o755))
		}
		c := begin(t, us, `mount -t tmpfs in /x/in && mount -t tmpfs in /x/below/in && echo mounted
			read go; cut -d ' ' -f 5 /proc/self/mountinfo`, "-v", strings.TrimSuffix(us.dir+"/shared:/x:"+mode, ":"))
		if line := c.line(t); line != "mounted" {
			t.Fatal(line)
		}
		on := mountinfo(t)
		is := func(mounts []string, place string) bool {
			return slices.ContainsFunc(mounts, func(line string) bool { return strings.Contains(line+" ", place+" ") })
		}
		got := sides{Host: is(on, us.dir+"/shared/in"), HostBelow: is(on, us.dir+"/shared/below/in")}
		for _, name := range []string{"shared/out", "shared/below/out"} {
			must(t, unix.Mount("out", filepath.Join(us.dir, name), "tmpfs", 0, ""))
		}
		fmt.Fprintln(c.in, "go")
		on = strings.Split(c.end(t), "\n")
		got.Container, got.ContainerBelow = is(on, "/x/out"), is(on, "/x/below/out")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", mode, diff)
		}
	}
}

// say runs a script in a container, and returns what it says.
func say(t *testing.T, us *program, script string, args ...string) string {
	t.Helper()
	return begin(t, us, script, args...).end(t)
}

// begin starts a script in a container with the mounts that args say.
func begin(t *testing.T, us *program, script string, args ...string) *container {
	t.Helper()
	points, _, _, err := us.points(args, nil)
	must(t, err)
	c, err := start(t, points, script)
	must(t, err)
	return c
}

// TestKernelFill has new volumes begin with what the root has, where they do with Docker.
func TestKernelFill(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	const memory = "volume-opt=type=tmpfs,volume-opt=device=tmpfs"
	bound := "volume-opt=type=none,volume-opt=o=bind,volume-opt=device=" + us.dir
	for _, c := range []struct {
		flag, value string
		filled      bool
	}{
		{"-v", "one:/bin", true},
		{"-v", "two:/bin:nocopy", false},
		{"--mount", "src=three,dst=/bin", true},
		{"--mount", "src=four,dst=/bin,volume-nocopy", false},
		{"--mount", "src=five,dst=/bin," + memory, true},
		{"--mount", "src=six,dst=/bin,volume-nocopy," + memory, false},
		{"--mount", "type=tmpfs,dst=/bin", false},
		{"--mount", "type=bind,dst=/bin,src=" + us.dir + "/dir", false},
		{"--mount", "src=seven,dst=/bin," + bound + "/dir", false}, // it has something
		{"--mount", "src=eight,dst=/bin,volume-subpath=.", true},
		{"--mount", "src=nine,dst=/bin,volume-subpath=.," + bound + "/shared", true},
		{"--tmpfs", "/bin", false},
	} {
		points, _, _, err := us.points([]string{c.flag, c.value}, nil)
		must(t, err)
		in, err := start(t, points, "stat -c %a /bin")
		// The program itself is in /bin: it is found, or not.
		if filled := err == nil; filled != c.filled {
			t.Errorf("%s %s: %v, want filled %t", c.flag, c.value, err, c.filled)
		}
		if in == nil {
			continue
		}
		if mode := in.end(t); mode != "755\n" {
			t.Errorf("%s %s: the mode is %s, want the one of the root's", c.flag, c.value, mode)
		}
	}
}

// TestKernelNested mounts below other mounts, in whatever order they are given.
func TestKernelNested(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	say(t, us, "touch /x/deep", "-v", "data:/x")
	for range 5 { // the order is a map's until it is sorted
		got := say(t, us, "ls /x /x/y /x/y/z", "-v", "data:/x/y/z", "--mount", "type=tmpfs,dst=/x/y", "-v", us.dir+"/dir:/x", "--tmpfs", "/x/t")
		if want := "/x:\ncontent\nt\ny\n\n/x/y:\nz\n\n/x/y/z:\ndeep\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestKernelGone refuses a volume whose directory somebody has removed: data is not to seem lost.
func TestKernelGone(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	points, _, _, err := us.points([]string{"-v", "data:/x"}, nil)
	must(t, err)
	must(t, os.Remove(us.store.Data("data")))
	if _, err := start(t, points, "true"); err == nil || !strings.HasPrefix(err.Error(), "volume data has lost its content: ") {
		t.Errorf("%v, want that it is not there", err)
	}
	if _, err := os.Stat(us.store.Data("data")); err == nil {
		t.Error("it was made")
	}
}

// TestKernelSubpath mounts a directory of a volume; no link in it leads out.
func TestKernelSubpath(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	say(t, us, "mkdir -p /x/a/b && echo deep >/x/a/b/file && ln -s /a /x/link && ln -s /etc /x/out && ln -s ../../.. /x/up", "-v", "data:/x")
	for subpath, want := range map[string]string{
		"a":      "b\n",
		"a/b":    "file\n",
		"link/b": "file\n",
		"up":     "a\nlink\nout\nup\n", // the top of the volume
	} {
		if got := say(t, us, "ls /y", "--mount", "src=data,dst=/y,ro,volume-subpath="+subpath); got != want {
			t.Errorf("%s: %q, want %q", subpath, got, want)
		}
	}
	points, _, _, err := us.points([]string{"--mount", "src=data,dst=/y,volume-subpath=out"}, nil)
	must(t, err)
	if _, err := start(t, points, "true"); err == nil || !strings.Contains(err.Error(), "cannot access path out: ") {
		t.Errorf("%v, want that the volume has no /etc", err)
	}
	points, _, _, err = us.points([]string{"--mount", "src=bound,dst=/bin,volume-subpath=none,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=" + us.dir + "/shared"}, nil)
	must(t, err)
	if _, err := start(t, points, "true"); err == nil || !strings.Contains(err.Error(), "cannot access path none: ") {
		t.Errorf("%v, want that the volume has nothing", err)
	}
	if _, err := os.Stat("shared/busybox"); err == nil {
		t.Error("all of the volume was filled")
	}
}

// TestKernelTmpfs fills a tmpfs to its size, and finds that nothing is left of it.
func TestKernelTmpfs(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	for _, flags := range [][]string{
		{"--tmpfs", "/x:size=1m"},
		{"--mount", "type=tmpfs,dst=/x,tmpfs-size=1m"},
		{"--mount", "src=memory,dst=/x,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m"},
	} {
		got := say(t, us, "ls /x; dd if=/dev/zero of=/x/file bs=64k 2>/dev/null; stat -c %s /x/file", flags...)
		if got != "1048576\n" {
			t.Errorf("%v: %s", flags, got)
		}
	}
	if got := say(t, us, "cp /bin/busybox /x/; /x/busybox true 2>/dev/null; echo $?", "--tmpfs", "/x"); got != "126\n" {
		t.Errorf("a program on a tmpfs: %s, want that it is not started", got)
	}
}

// TestKernelTwice has a container see a volume's file system at two places.
func TestKernelTwice(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	got := say(t, us, "echo content >/x/file; cat /y/file; touch /y/other 2>/dev/null || echo read-only",
		"--mount", "src=memory,dst=/x,volume-opt=type=tmpfs,volume-opt=device=tmpfs", "-v", "memory:/y:ro")
	if diff := cmp.Diff("content\nread-only\n", got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKernelBound has two containers share a volume that is a directory of the host.
func TestKernelBound(t *testing.T) {
	needRoot(t)
	us := newProgram(t, place(t))
	const bound = "src=bound,dst=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device="
	c := begin(t, us, "read go; cat /x/new", "--mount", bound+us.dir+"/dir")
	say(t, us, "echo new >/x/new", "-v", "bound:/x")
	if got := c.end(t); got != "new\n" {
		t.Errorf("the other sees %q", got)
	}
	if left, err := os.ReadDir(us.store.Data("bound")); err != nil || len(left) > 0 {
		t.Errorf("the volume's own directory has %v: %v", left, err)
	}
}
