package volumes

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestSize counts a file with two names once, and another of the same size.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	err := errors.Join(os.WriteFile(file, make([]byte, 1000), 0o600), os.Link(file, file+"2"), os.WriteFile(file+"3", make([]byte, 1000), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := size(dir); got != 2000 || err != nil {
		t.Errorf("%d bytes, %v, want 2000", got, err)
	}
}
