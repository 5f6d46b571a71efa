package networks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write writes the file of a network of root by hand.
func write(t *testing.T, root, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, "networks", name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDrafts has somebody be killed who made a network, and somebody write one just now: what nobody finishes goes.
func TestDrafts(t *testing.T) {
	root := t.TempDir()
	if err := Add(root, *example()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".gone.next", ".mynet.next", ".bridge.next"} {
		write(t, root, name, "{")
	}
	other := *example()
	other.Name = "x.next"
	if err := Add(root, other); err != nil {
		t.Fatal(err)
	}
	other.Name = "new"
	if err := Add(root, other); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(root, "networks"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".lock") {
			names = append(names, entry.Name())
		}
	}
	if got := strings.Join(names, " "); got != ".bridge.next .mynet.next mynet new x.next" {
		t.Error(got)
	}
}

// TestDamaged has files that no program has written: each is refused by its name, and stops none of the others.
func TestDamaged(t *testing.T) {
	root := t.TempDir()
	if err := Add(root, *example()); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(root, "networks", "mynet"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ old, new, want string }{
		{"{", "", "invalid character"},
		{`"id": "c0ff`, `"id": "C0FF`, "has not 64 hexadecimal digits"},
		{`"more"`, `"less"`, "network bad not found"},
		{`"subnet": "10.1.0.0/28"`, `"subnet": ""`, "the gateway 10.1.0.8 is not in the subnet"},
		{`"gateway": "10.1.0.8"`, `"gateway": ""`, "the bridge br-mine has no gateway"},
		{`"bridge": "br-mine"`, `"bridge": "docker0"`, `the bridge is called "docker0"`},
		{`"bridge": "br-mine"`, `"bridge": ""`, `the bridge is called ""`},
		{`"bridge": "br-mine"`, `"bridge": "../br-mine"`, `the bridge is called "../br-mine"`},
		{`"range": "10.1.0.8/29"`, `"range": "10.2.0.8/29"`, "the range 10.2.0.8/29 is not in the subnet"},
		{`"range": "10.1.0.8/29"`, `"range": "10.1.0.0/8"`, "the range 10.1.0.0/8 is not in the subnet"},
		{`"gateway6": "fd00:1::1"`, `"gateway6": "fd00:2::1"`, "the gateway fd00:2::1 is not in the IPv6 subnet"},
	} {
		text := strings.Replace(string(good), test.old, test.new, 1)
		if text == string(good) {
			t.Fatalf("%s is not in %s", test.old, good)
		}
		write(t, root, "bad", text)
		write(t, root, Bridge, "{")
		if _, err := Find(root, "bad"); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "bad") {
			t.Errorf("%s: %v, want %s", test.new, err, test.want)
		}
		if err := Change(root, "bad", func(*Network) error { return nil }); err == nil {
			t.Errorf("%s: it can be changed", test.new)
		}
		if n, err := Find(root, "c0ffee"); err != nil || n.Name != "mynet" {
			t.Errorf("%s: the other one is %q: %v", test.new, n.Name, err)
		}
		all, err := List(root)
		if err != nil {
			t.Error(err)
		}
		var damaged []string
		for _, n := range all {
			if n.Damaged != nil {
				damaged = append(damaged, n.Name)
			}
		}
		if got := strings.Join(damaged, " "); got != "bad bridge" && test.old != `"more"` {
			t.Errorf("%s: damaged are %q", test.new, got)
		}
		called := false
		if err := Exclusive(root, func() error { called = true; return nil }); err != nil || !called {
			t.Errorf("%s: no network can be made: %v", test.new, err)
		}
	}
}
