package local

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/final/mounts/detached"
	"drydock/final/mounts/fstab"
)

// TestFileSystem has what a recorded Docker did not mount: there was no server.
func TestFileSystem(t *testing.T) {
	options := map[string]string{"type": "nfs", "device": ":/export", "o": "addr=192.0.2.1,ro,vers=4"}
	want := detached.FileSystem{Type: "nfs", Device: ":/export", Options: fstab.Options{Flags: unix.MS_RDONLY, Data: "addr=192.0.2.1,vers=4"}}
	got, err := FileSystem(options)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	options["o"] = "addr=no.such.invalid"
	if _, err := FileSystem(options); err == nil || !strings.HasPrefix(err.Error(), "error resolving passed in network volume address: ") {
		t.Error(err)
	}
	if _, err := FileSystem(map[string]string{"type": "tmpfs"}); err == nil || !strings.HasPrefix(err.Error(), "missing device in volume options: ") {
		t.Error(err)
	}
}
