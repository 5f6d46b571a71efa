package storage

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"drydock/stage3-unionfs/overlay"
)

// Size is how many bytes a container has written: those of the files that are its own by now. It may run meanwhile, and
// exchange a directory for a link: so os.Root looks paths up, which nothing leads out of.
func Size(d Driver, c overlay.Config) (bytes int64, err error) {
	changes, err := d.Changes(c)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // it was never started
	} else if err != nil {
		return 0, err
	}
	written := c.Upper()
	if d == (vfsDriver{}) {
		written = d.Root(c)
	}
	dir, err := os.OpenRoot(written)
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	counted := map[uint64]bool{} // a file with several names is one
	for _, change := range changes {
		info, err := dir.Lstat(strings.TrimPrefix(change.Path, "/"))
		if change.Kind == 'D' || err != nil || info.IsDir() {
			continue // or it has just gone
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			if counted[stat.Ino] {
				continue
			}
			counted[stat.Ino] = true
		}
		bytes += info.Size()
	}
	return bytes, nil
}
