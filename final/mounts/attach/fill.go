package attach

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/final/mounts/point"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/internal/tree"
	"drydock/stage5-volumes/bind"
)

// fillEmpty copies what a root has at p.Target to the file system that is mounted on p.Source, if that
// is empty and the root has a directory there. Unlike stage 5's, which moves what is whole
// on the same disk, a copy that is interrupted stays as it is. Others wait for it.
func fillEmpty(p point.Point, root string) error {
	lock, err := os.Open(filepath.Dir(p.Source))
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	if there, err := os.ReadDir(p.Source); err != nil || len(there) > 0 {
		return err
	}
	dir, err := os.Open(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	place, err := bind.Resolve(int(dir.Fd()), p.Target)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	} else if err != nil {
		return err
	}
	defer unix.Close(place)
	return alone.Call(func() error { return copyFrom(place, p.Source) })
}

// copyFrom copies what is in the open directory place to a volume whose containers may put links in
// the way at any moment. So the thread's root directory is the volume: nothing there leads out of
// it. What is copied is outside, where a path that does not begin at the root leads; nobody has it
// yet. The thread is of no use afterwards.
func copyFrom(place int, volume string) error {
	if err := unix.Fchdir(place); errors.Is(err, unix.ENOTDIR) {
		return nil
	} else if err != nil {
		return err
	}
	if err := kernel.Chroot("no link in the volume leads out of it", volume); err != nil {
		return err
	}
	return copyInto("/", ".")
}

// copyInto copies what is in a directory, and what the directory itself is like.
func copyInto(to, from string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	var copier tree.Copier
	for _, entry := range entries {
		if err := copier.Copy(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return tree.Attributes(from, to)
}
