package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"drydock/internal/arch"
)

// TestRun mends the tree that is made to break the rule.
func TestRun(t *testing.T) {
	fixture, err := txtar.ParseFile("../testdata/replaces.txtar")
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, f := range fixture.Files {
		name := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	before, err := arch.Replaces(".")
	if err != nil || len(before) == 0 {
		t.Fatalf("the fixture has problems %v (%v), wanted some", before, err)
	}
	if err := run(); err != nil {
		t.Fatal(err)
	}
	after, err := arch.Replaces(".")
	if err != nil || len(after) != 0 {
		t.Errorf("problems left: %v (%v)", after, err)
	}
}
