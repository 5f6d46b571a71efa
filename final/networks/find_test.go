package networks

import (
	"strings"
	"testing"
)

// TestFind finds networks by name, by id, and by the beginning of one; a name goes before that.
func TestFind(t *testing.T) {
	root := t.TempDir()
	ids := map[string]string{"one": strings.Repeat("abcd", 16), "two": strings.Repeat("abce", 16), "abc": strings.Repeat("1234", 16)}
	for name, id := range ids {
		n := *example()
		n.Name, n.ID = name, id
		if err := Add(root, n); err != nil {
			t.Fatal(err)
		}
	}
	for ref, want := range map[string]string{
		"one": "one", ids["two"]: "two", "abcd": "one", "abc": "abc", "1": "abc", "bridge": "bridge", "host": "host",
		"ab":   "network ab is ambiguous (2 matches found based on ID prefix): give more of it, or a name",
		"zwei": "network zwei not found: drydock network ls has those that are",
		"":     "network  not found: drydock network ls has those that are",
	} {
		n, err := Find(root, ref)
		got := n.Name
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q is %s, want %s", ref, got, want)
		}
	}
	if err := Add(root, Network{Name: "one"}); err == nil || !strings.Contains(err.Error(), "network with name one already exists") {
		t.Errorf("a second one of that name: %v", err)
	}
	if n, err := Find(root, "one"); err != nil || n.ID != ids["one"] {
		t.Errorf("the first one is %v, %v", n.ID, err)
	}
	if err := Change(root, "host", func(*Network) error { return nil }); err == nil {
		t.Error("the host's network can be changed")
	}
}
