package layer

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDebian unpacks the root directory of a Debian, with all its setuid programs, devices and
// hard links, and has umoci unpack the same: both are the same.
func TestDebian(t *testing.T) {
	needRoot(t)
	for _, tool := range []string{"mmdebstrap", "umoci"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing: sh scripts/need.sh peers", tool)
		}
	}
	dir := t.TempDir()
	command := func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
	command("mmdebstrap", "--variant=essential", "bookworm", "layer.tar")
	command("umoci", "init", "--layout", "layout")
	command("umoci", "new", "--image", "layout:debian")
	command("umoci", "raw", "add-layer", "--image", "layout:debian", "layer.tar")
	command("umoci", "unpack", "--image", "layout:debian", "bundle")

	ours := filepath.Join(dir, "ours")
	blob, err := os.Open(filepath.Join(dir, "layer.tar"))
	must(t, err)
	defer blob.Close()
	must(t, os.Mkdir(ours, 0o755))
	_, err = Apply(blob, ours, Usual)
	must(t, err)
	if diff := cmp.Diff(listing(t, filepath.Join(dir, "bundle", "rootfs")), listing(t, ours)); diff != "" {
		t.Errorf("(-umoci +ours):\n%s", diff)
	}
}
