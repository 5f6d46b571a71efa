package proc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{0, 1, 99, 100, 101, 2<<10 + 100, 1 << 20} {
		want := bytes.Repeat([]byte("drydock"), size/7+1)[:size]
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(path, make([]byte, 100)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("of %d bytes came %d: %v", size, len(got), err)
		}
	}
	if _, err := ReadFile(path+"/none", nil); err == nil {
		t.Error("a file in a file was read")
	}
	if _, err := ReadFile(path+".none", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
