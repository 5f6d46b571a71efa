package hosts

import (
	"bufio"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/networks/connect"
	"drydock/internal/flags"
)

// place is a container's, at one address or two.
func place(addresses ...string) (p connect.Place) {
	p.Endpoint.Address = netip.MustParseAddr(addresses[0])
	if len(addresses) > 1 {
		p.Endpoint.Address6 = netip.MustParseAddr(addresses[1])
	}
	return p
}

// where are the containers of the record whose file it shows: their host names, and their places.
var where = map[string]struct {
	hostname string
	places   []connect.Place
}{
	"run --rm --add-host db:10.1.2.3 --add-host v6=::1 --add-host v6b:[fd00::1] box cat /etc/hosts": {"ID", []connect.Place{place("172.17.0.2")}},
	"run --rm --add-host gw:host-gateway box cat /etc/hosts":                                        {"ID", []connect.Place{place("172.17.0.2")}},
	"run --rm --network s1 --ip 10.50.0.98 --add-host gw=host-gateway box cat /etc/hosts":           {"ID", []connect.Place{place("10.50.0.98")}},
	"run --rm --network v6both --ip 10.62.0.98 --ip6 fd00:62::98 --add-host gw:host-gateway --hostname h.example.org box cat /etc/hosts": {
		"h.example.org", []connect.Place{place("10.62.0.98", "fd00:62::98")},
	},
	"run --rm --network none --add-host db:10.1.2.3 box cat /etc/hosts": {"ID", nil},
	"exec idle cat /etc/hosts": {"ID", []connect.Place{place("10.50.0.3"), place("10.52.0.128")}},
	// A flag that Docker refuses.
	"run --rm --add-host db box true":          {},
	"run --rm --add-host db:nonsense box true": {},
	"run --rm --add-host :1.2.3.4 box true":    {},
	"run --rm --add-host db: box true":         {},
}

// TestRecorded writes the files that Docker wrote, and refuses what it refused.
func TestRecorded(t *testing.T) {
	file, err := os.Open("../testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Words          []string
			Exit           int
			Stdout, Stderr string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		line := strings.Join(c.Words, " ")
		container, wanted := where[line]
		if !wanted {
			continue
		}
		count++
		var added []string
		for i, word := range c.Words {
			if word == "--add-host" {
				added = append(added, word, c.Words[i+1])
			}
		}
		var extras []Extra
		_, err := flags.Parse(Flags(&extras), added)
		if said, _, _ := strings.Cut(c.Stderr, "\n"); c.Exit != 0 {
			if err == nil || !strings.Contains(err.Error(), said) {
				t.Errorf("%s: %v, want %s", line, err, said)
			}
			continue
		}
		got := File(extras, netip.MustParseAddr("172.17.0.1"), container.hostname, container.places)
		if diff := cmp.Diff(c.Stdout, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-Docker +ours):\n%s", line, err, diff)
		}
	}
	if lines.Err() != nil || count != len(where) {
		t.Errorf("%d of %d: %v", count, len(where), lines.Err())
	}
}

// TestRunning has lines come and go in the same file, in which somebody has written something too.
func TestRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	before := "127.0.0.1\tlocalhost\n10.50.0.2\tweb\n\n# mine\n10.50.0.22\tother"
	if err := os.WriteFile(path, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	inode := func() uint64 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Ino
	}
	first := inode()
	if err := Add(path, "web.example", place("10.52.0.2", "fd00::2")); err != nil {
		t.Fatal(err)
	}
	if err := Remove(path, place("10.50.0.2")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "127.0.0.1\tlocalhost\n\n# mine\n10.50.0.22\tother\n10.52.0.2\tweb.example web\nfd00::2\tweb.example web\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	if inode() != first {
		t.Error("it is another file: the container has the first one mounted")
	}
}

// TestHuge has the container make its file as large as it can: nobody reads that.
func TestHuge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<30); err != nil {
		t.Fatal(err)
	}
	if err := Add(path, "web", place("10.52.0.2")); err == nil || !strings.Contains(err.Error(), "has more than 1048576 bytes") {
		t.Error(err)
	}
}
