package detached

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"drydock/final/mounts/fstab"
)

// TestKernelDevice has a device not be looked up in the working directory of whoever asks for it.
func TestKernelDevice(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("here", 0o755); err != nil {
		t.Fatal(err)
	}
	tree, err := Open(FileSystem{Device: "here", Options: fstab.Options{Flags: unix.MS_BIND}}, dir)
	if err == nil {
		t.Error("it is mounted: ", tree.Close())
	} else if !strings.Contains(err.Error(), unix.ENOENT.Error()) {
		t.Error(err)
	}
}

func TestHidePassword(t *testing.T) {
	const message = "mount //server/share on /x: user=ann,password=secret: invalid argument"
	for options, want := range map[string]string{
		"user=ann,password=secret": "mount //server/share on /x: user=ann,password=********: invalid argument",
		"user=ann":                 message,
		"password=":                message,
	} {
		if got := hidePassword(message, options); got != want {
			t.Errorf("%s: %s", options, got)
		}
	}
}
