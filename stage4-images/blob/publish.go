package blob

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// publish has a file appear, of which fill writes the content and returns the path: all of it
// or nothing, even after a power cut. The directory is flushed too, as the name is in that.
func (l Layout) publish(fill func(io.Writer) (path string, err error)) error {
	lock, err := l.Lock("lock", unix.LOCK_SH)
	if err != nil {
		return err
	}
	defer lock.Close()
	draft, err := os.CreateTemp(l.Drafts, "")
	if err != nil {
		return err
	}
	path, err := fill(draft)
	if err == nil && !l.Unflushed {
		err = draft.Sync()
	}
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	if l.Unflushed {
		return nil
	}
	return Flush(filepath.Dir(path))
}

// Flush waits until the names in a directory are on the disk.
func Flush(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// FlushAll waits until all that has been written to the file system of a directory is on its disk.
// For thousands of files that is one wait in place of thousands.
func FlushAll(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("syncfs %s: %w", path, err)
	}
	return nil
}
