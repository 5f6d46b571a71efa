package names

import (
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHosts wants what a Docker 29 has written, byte for byte.
func TestHosts(t *testing.T) {
	const docker = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\nff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
	address := netip.MustParseAddr("172.17.0.2")
	for _, test := range []struct {
		host Host
		want string
	}{
		{Host{Name: "5e6ffde1fad9", Address: address}, docker + "172.17.0.2\t5e6ffde1fad9\n"},
		{Host{Name: "web.example.org", Address: address}, docker + "172.17.0.2\tweb.example.org web\n"},
		{Host{Name: "web", Address: address, Others: "172.17.0.3\tdb\n"}, docker + "172.17.0.3\tdb\n172.17.0.2\tweb\n"},
		{Host{Name: "box"}, docker},
	} {
		if diff := cmp.Diff(test.want, Hosts(test.host)); diff != "" {
			t.Errorf("%v: %s", test.host, diff)
		}
	}
}

func TestResolv(t *testing.T) {
	const ours = "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"
	for _, test := range []struct{ host, want string }{
		{"nameserver 127.0.0.53\nnameserver 10.9.8.7\nsearch example.org\noptions ndots:2\n", "nameserver 10.9.8.7\nsearch example.org\noptions ndots:2\n"},
		{"# comment\n; another\n\nnameserver\t10.9.8.7 \nsearch a  b\nnameserver fd00::1\n", "nameserver 10.9.8.7\nnameserver fd00::1\nsearch a b\n"},
		{"nameserver 127.0.0.1\nnameserver ::1\nsearch a\n", ours + "search a\n"},
		{"", ours},
		{"nameserver\n", ours},
	} {
		if diff := cmp.Diff(test.want, Resolv(test.host)); diff != "" {
			t.Errorf("%q: %s", test.host, diff)
		}
	}
}

// TestWrite writes twice: the files stay the same files, because another container may have them mounted.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	var before []os.FileInfo
	for _, name := range []string{"one", "two"} {
		if err := Write(dir, Host{Name: name}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "hostname"))
		if err != nil || string(text) != name+"\n" {
			t.Errorf("hostname is %q: %v", text, err)
		}
		for i, file := range Files() {
			info, err := os.Stat(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			if len(before) > i && !os.SameFile(before[i], info) {
				t.Errorf("%s is another file", file)
			}
			if info.Mode().Perm() != 0o644 {
				t.Errorf("%s has mode %v", file, info.Mode())
			}
			before = append(before, info)
		}
	}
}

// TestEdit changes a file that somebody has open, as a container has it mounted: he sees what comes, longer or shorter, and never nothing.
func TestEdit(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, Host{Name: "web"}); err != nil {
		t.Fatal(err)
	}
	mounted, err := os.Open(filepath.Join(dir, "hosts"))
	if err != nil {
		t.Fatal(err)
	}
	defer mounted.Close()
	seen := func() string {
		text, err := io.ReadAll(io.NewSectionReader(mounted, 0, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, change := range []struct{ from, to string }{{"localhost\n", "localhost mine\n"}, {"mine", ""}, {"ff02::1\tip6-allnodes\n", ""}} {
		before := seen()
		want := strings.Replace(before, change.from, change.to, 1)
		err := Edit(mounted.Name(), func(hosts string) string {
			if seen() != before {
				t.Error("it is something else while it is being changed")
			}
			return strings.Replace(hosts, change.from, change.to, 1)
		})
		if diff := cmp.Diff(want, seen()); diff != "" || err != nil || want == before {
			t.Errorf("%v: %v %s", change, err, diff)
		}
	}
}
