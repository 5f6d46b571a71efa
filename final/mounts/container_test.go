package mounts_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"drydock/final/mounts/attach"
	"drydock/final/mounts/point"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage1-namespaces/rootfs"
	"drydock/stage3-unionfs/overlay"
)

// ownMounts is in the environment of tests that have a mount namespace of their own.
const ownMounts = "DRYDOCK_OWN_MOUNTS"

// TestMain is a container's init, too. The tests have a mount namespace of their own, so that
// what is mounted shared in there stays in there.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "init" {
		becomeContainer()
		return
	}
	if unshare, err := exec.LookPath("unshare"); err == nil && os.Geteuid() == 0 && os.Getenv(ownMounts) == "" {
		_ = syscall.Exec(unshare, append([]string{"unshare", "--mount"}, os.Args...), append(os.Environ(), ownMounts+"=1"))
	}
	m.Run() // without it if that has failed: see needRoot
}

// A config is what init is told.
type config struct {
	Root    rootfs.Config
	Overlay overlay.Config
	Program process.Program
	Points  []point.Point
}

func becomeContainer() {
	var c config
	if parent, err := process.Receive(&c); err == nil {
		parent.Fail(initialise(c, parent))
	}
}

// initialise is what stage 5's init does, with our mounts.
func initialise(c config, parent *process.Reporter) error {
	if err := rootfs.Isolate(c.Root); err != nil {
		return err
	}
	if err := overlay.Mount(c.Overlay); err != nil {
		return err
	}
	if err := attach.Fill(c.Points, process.FirstFile, c.Root.Root); err != nil {
		return err
	}
	if err := rootfs.Enter(c.Root); err != nil {
		return err
	}
	if err := attach.Attach(c.Points, process.FirstFile); err != nil {
		return err
	}
	if err := rootfs.Seal(c.Root); err != nil {
		return err
	}
	return parent.Become(c.Program)
}

// A container is one that runs a script.
type container struct {
	child *process.Child
	in    io.WriteCloser
	out   *bufio.Reader
}

// start starts a script in a container with these mounts.
func start(t *testing.T, points []point.Point, script string) (*container, error) {
	t.Helper()
	files := overlay.Config{Dir: place(t), Layers: []string{busybox(t)}}
	must(t, overlay.Prepare(files))
	c := config{
		Root:    rootfs.Config{Root: files.Root(), OwnMounts: true, OwnProcesses: true, OwnNetwork: true, OwnQueues: true},
		Overlay: files,
		Program: process.Program{Args: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/bin"}, Dir: "/"},
		Points:  point.Mounted(points),
	}
	stdin, in, err := os.Pipe()
	must(t, err)
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	must(t, err)
	defer stdout.Close()
	t.Cleanup(func() { in.Close(); out.Close() })

	cmd := process.Command(namespace.Config{New: namespace.All()}.SysProcAttr())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stdout
	trees, err := attach.Open(c.Points)
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = trees
	child, err := process.Start(cmd)
	attach.Close(trees)
	must(t, err)
	if err := child.Release(c); err != nil {
		_, _ = child.Wait() // what went wrong has been told
		return nil, err
	}
	return &container{child, in, bufio.NewReader(out)}, nil
}

// end waits for the end of a container, and returns what it had still to say.
func (c *container) end(t *testing.T) string {
	t.Helper()
	c.in.Close()
	said, err := io.ReadAll(c.out)
	must(t, err)
	if code, err := c.child.Wait(); code != 0 || err != nil {
		t.Errorf("exit status %d, %v: %s", code, err, said)
	}
	return string(said)
}

// line returns the next line that a container says.
func (c *container) line(t *testing.T) string {
	t.Helper()
	text, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatalf("%v, after %q", err, text)
	}
	return strings.TrimSuffix(text, "\n")
}

// place is a folder on a file system that can hold an upper directory.
func place(t *testing.T) string {
	t.Helper()
	if os.Getenv("DRYDOCK_VM") != "1" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/var/lib/drydock", "mounts-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// needRoot skips a test for a user who may not mount.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	if os.Getenv(ownMounts) == "" {
		t.Fatal("needs a mount namespace of its own, by unshare(1)")
	}
}

// busybox is the root directory of all containers here.
func busybox(t *testing.T) string {
	t.Helper()
	if root := os.Getenv("ROOTFS"); root != "" {
		return root
	}
	t.Skip("needs ROOTFS, a directory with busybox")
	return ""
}
