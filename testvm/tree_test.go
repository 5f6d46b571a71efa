package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPutFollowsMergedUsr: a package's lib/x belongs in usr/lib, and its folder
// lib must not replace the link.
func TestPutFollowsMergedUsr(t *testing.T) {
	tree := Tree{}
	layOut(tree)
	tree.putFolder("./lib/", 0o755)
	tree.putFile("lib/a/b.so", 0o644, "b")
	if _, ok := tree["usr/lib/a/b.so"]; !ok {
		t.Errorf("lib/a/b.so is not at usr/lib/a/b.so: %v", tree.names())
	}
	if link := tree["lib"]; link.Mode.Type() != fs.ModeSymlink {
		t.Errorf("lib is no link any more: %v", link.Mode)
	}
}

func TestRemove(t *testing.T) {
	tree := Tree{}
	for _, name := range []string{"usr/lib/x/gconv/a", "usr/lib/x/keep", "usr/lib/y/gconv/b", "usr/lib/gconv"} {
		tree.putFile(name, 0o644, "")
	}
	tree.remove("usr/lib/*/gconv")
	want := []string{"usr", "usr/lib", "usr/lib/gconv", "usr/lib/x", "usr/lib/x/keep", "usr/lib/y"}
	if diff := cmp.Diff(want, tree.names()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestUnpackAndReadBack: what unpack writes, addHost reads back the same, also
// over an earlier version.
func TestUnpackAndReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := os.MkdirAll(filepath.Join(dir, "etc/empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := sampleTree()
	for range 2 {
		if err := want.unpack(dir); err != nil {
			t.Fatal(err)
		}
	}
	got := Tree{}
	if err := got.addHost(dir, "/"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
