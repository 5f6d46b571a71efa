package logs

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"drydock/internal/alone"
)

// TestKernelFullDisk fills a disk: entries are lost, half of one is not left, one is told, and
// when there is room again it goes on.
func TestKernelFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root mounts a small disk")
	}
	dir := t.TempDir()
	err := alone.Call(func() error { // t.Fatal would not come back from there
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			return err
		}
		var told []error
		w, err := Create(dir+"/log", Options{MaxSize: 50_000, MaxFile: 3, Failed: func(err error) { told = append(told, err) }})
		if err != nil {
			return err
		}
		s := w.Stream("stdout")
		for i := range 2000 { // 150 kB, which do not fit, and would fill two files
			fmt.Fprintln(s, i)
		}
		if len(told) != 1 || !strings.HasPrefix(told[0].Error(), "the log has gaps: write "+dir) || !strings.Contains(told[0].Error(), unix.ENOSPC.Error()) {
			t.Errorf("told are %v", told)
		}
		if err := os.Remove(dir + "/log.1"); err != nil {
			return err
		}
		fmt.Fprintln(s, "at last")
		n, last := 0, ""
		err = Read(t.Context(), dir+"/log", all(), func(e Entry) error { n++; last = string(e.Log); return nil })
		if n < 100 || last != "at last\n" {
			t.Errorf("of %d entries, the last is %q", n, last)
		}
		return errors.Join(err, w.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
}
