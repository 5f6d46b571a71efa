package tree

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSparse writes one file after the other with one buffer: blocks of data (D) and of zeros (0), and a
// last one that is not full (d, z), also where the buffer ends.
func TestSparse(t *testing.T) {
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	must(t, err)
	defer unix.Close(fd)
	var files Sparse
	for _, blocks := range []string{
		"", "d", "z", "D", "0", "Dd", "0d", "Dz", "D0D00d", "00D0z", strings.Repeat("D", 64), strings.Repeat("0", 64),
		strings.Repeat("D", 64) + "d", strings.Repeat("0", 64) + "z", strings.Repeat("D", 63) + "00D0d", strings.Repeat("0", 128) + "D",
	} {
		var want []byte
		data := int64(0)
		for _, kind := range blocks {
			part := make([]byte, block)
			if kind == 'd' || kind == 'z' {
				part = part[:100]
			}
			if kind == 'd' || kind == 'D' {
				part[len(part)-1] = 1
				data++
			}
			want = append(want, part...)
		}
		must(t, files.Create(fd, "file"+blocks, bytes.NewReader(want)))
		path := filepath.Join(dir, "file"+blocks)
		got, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes came back otherwise, as %d", blocks, len(want), len(got))
		}
		var stat unix.Stat_t
		must(t, unix.Stat(path, &stat))
		if stat.Blocks*512 > data*block {
			t.Errorf("%s takes %d bytes on the disk", blocks, stat.Blocks*512)
		}
	}
	if err := files.Create(fd, "file", bytes.NewReader(nil)); err != unix.EEXIST { //nolint:errorlint // Apply looks for just this
		t.Errorf("a file that is there: %v", err)
	}
}
