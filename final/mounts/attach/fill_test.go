package attach

import (
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/final/mounts/point"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// newPoint is a volume to be filled from /data of a root.
func newPoint(t *testing.T) point.Point {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	source := filepath.Join(t.TempDir(), "_data")
	must(t, os.Mkdir(source, 0o755))
	return point.Point{Mount: volume.Mount{Mount: bind.Mount{Source: source, Target: "/data"}}}
}

// newRoot is a root directory with one file.
func newRoot(t *testing.T, path, content string) string {
	t.Helper()
	root := t.TempDir()
	file := filepath.Join(root, path)
	must(t, errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o600)))
	return root
}

// TestKernelFillConfined has a container of the volume put a link in the place of a directory that
// is being copied. The rest of the copy is not to follow it to the host.
func TestKernelFillConfined(t *testing.T) {
	p, host := newPoint(t), t.TempDir()
	root := newRoot(t, "data/sub/file", "content")
	// A lease stops whoever opens the file until it is given back: F_SETLEASE of fcntl(2).
	leased, err := os.OpenFile(filepath.Join(root, "data/sub/file"), os.O_RDWR, 0)
	must(t, err)
	defer leased.Close()
	opened := make(chan os.Signal, 1)
	signal.Notify(opened, unix.SIGIO)
	defer signal.Stop(opened)
	lease(t, leased, unix.F_WRLCK)

	filled := make(chan error, 1)
	go func() { filled <- fillEmpty(p, root) }()
	select {
	case <-opened:
	case err := <-filled:
		t.Fatalf("filled before the file was opened: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("nobody opens the file")
	}
	if err := tryLock(t, filepath.Dir(p.Source)); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("%v, want that other containers wait", err)
	}
	sub := filepath.Join(p.Source, "sub")
	must(t, errors.Join(os.Rename(sub, sub+"2"), os.Symlink(host, sub)))
	lease(t, leased, unix.F_UNLCK)
	if err := <-filled; !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want that the volume has no %s", err, host)
	}
	got, err := filepath.Glob(host + "/*")
	if diff := cmp.Diff([]string(nil), got); err != nil || diff != "" {
		t.Errorf("%v: on the host (-want +got):\n%s", err, diff)
	}
}

func lease(t *testing.T, file *os.File, kind int) {
	t.Helper()
	_, err := unix.FcntlInt(file.Fd(), unix.F_SETLEASE, kind)
	must(t, err)
}

func tryLock(t *testing.T, dir string) error {
	t.Helper()
	file, err := os.Open(dir)
	must(t, err)
	defer file.Close()
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
