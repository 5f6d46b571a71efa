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

// TestAddresses has names become addresses, and nothing else change.
func TestAddresses(t *testing.T) {
	for _, c := range []struct{ kind, device, o, wantDevice, wantData string }{
		{"nfs", ":/export", "mountaddr=localhost,addr=localhost", ":/export", "mountaddr=localhost,addr=127.0.0.1"},
		{"cifs", "//localhost/a share/localhost", "user=ann", "//127.0.0.1/a share/localhost", "user=ann"},
		{"cifs", "//192.0.2.1/share", "addr=localhost", "//192.0.2.1/share", "addr=127.0.0.1"},
		{"cifs", "///share", "addr=", "///share", "addr="},
		{"9p", "//localhost/share", "addr=localhost", "//localhost/share", "addr=localhost"},
	} {
		want := detached.FileSystem{Type: c.kind, Device: c.wantDevice, Options: fstab.Options{Data: c.wantData}}
		got, err := FileSystem(map[string]string{"type": c.kind, "device": c.device, "o": c.o})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got):\n%s", c, err, diff)
		}
	}
	_, err := FileSystem(map[string]string{"type": "cifs", "device": "//no.such.invalid/share"})
	if err == nil || !strings.HasPrefix(err.Error(), "error resolving passed in network volume address: ") {
		t.Error(err)
	}
}

// TestCheck has what a recorded Docker was not asked.
func TestCheck(t *testing.T) {
	for _, c := range []struct{ kind, device, o, err string }{
		{kind: "cifs", device: "//server/a share"},
		{kind: "cifs", device: ":::", err: `error parsing mount device url: parse ":::": missing protocol scheme: give //SERVER/SHARE`},
		{kind: "none", device: "/dir", o: "rbind,private"},
		{kind: "none", device: "dir", o: "ro,bind", err: `invalid option: "device": "dir" is no absolute path, and volumes are of no directory: give one that begins with /`},
		{kind: "none", device: "/dir", o: "bind,rslave", err: `invalid option: "o": what the host mounts later does not show up in a volume, so it cannot be rslave: use --mount type=bind,src=/dir,bind-propagation=rslave`},
		{kind: "tmpfs", device: "tmpfs", o: "rslave"},
	} {
		err := Check(map[string]string{"type": c.kind, "device": c.device, "o": c.o})
		if (err == nil) != (c.err == "") || err != nil && err.Error() != c.err {
			t.Errorf("%v: %v", c, err)
		}
	}
}
