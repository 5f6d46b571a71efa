// Package fill gives a new volume its first content: what the image has where it is mounted.
//
// The problem: ten containers may be the first to use a volume, at once, and any of them may be
// killed at any moment. None may ever see half of the content, or content of two images.
//
// The mechanism is a lock and two renames. Whoever holds the lock copies to a folder beside the
// volume's directory, which is called "first" once it is whole. Then its entries are moved to the
// volume one by one. Whoever finds "first" knows that the copy was whole, and goes on moving; an
// empty one stays, and says that all is done.
//
// In a shell: flock volumes/data sh -c 'cp -a ROOT/TARGET volumes/data/first.new && mv
// volumes/data/first.new volumes/data/first && mv -n volumes/data/first/* volumes/data/_data'.
//
// To read: flock(2), rename(2), openat2(2).
package fill

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/internal/tree"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// Volume gives a volume its first content: what a container's root has at m.Target, if m.Fill
// says so. It is called by init when root is mounted, and nothing on it. Nothing happens if the
// volume has had a first content already, or anything has been written to it; nor if there is no
// directory at m.Target.
//
// Whoever comes first copies, and others wait for it. Signals wait too: before the program runs,
// init keeps those that are the program's (package process), and only SIGKILL ends it.
func Volume(m volume.Mount, root string) error {
	if !m.Fill {
		return nil
	}
	folder := filepath.Dir(m.Source)
	lock, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("volume %s: %w", m.Name, err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", folder, err)
	}
	first := filepath.Join(folder, "first")
	if _, err := os.Lstat(first); errors.Is(err, fs.ErrNotExist) {
		err := prepare(first, m, root)
		if err != nil {
			return fmt.Errorf("fill volume %s: %w", m.Name, err)
		}
	}
	return move(first, m.Source)
}

// prepare makes the folder first, as a copy of what the root has, if the volume is new.
func prepare(first string, m volume.Mount, root string) error {
	written, err := os.ReadDir(m.Source)
	if err != nil || len(written) > 0 {
		return err
	}
	source, err := open(root, m.Target)
	if err != nil || source == nil {
		return err
	}
	defer source.Close()
	// The dot leads through the descriptor, to the directory itself: proc_pid_fd(5).
	path := fmt.Sprintf("/proc/self/fd/%d/.", source.Fd())
	if err := tree.Attributes(path, m.Source); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil || len(entries) == 0 {
		return err // another image may have something there
	}
	draft := first + ".new"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := tree.Copy(path, draft); err != nil {
		return err
	}
	return os.Rename(draft, first)
}

// open opens the directory that target is in a root; nil if it is no directory, or missing.
func open(root, target string) (*os.File, error) {
	dir, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	fd, err := bind.Resolve(int(dir.Fd()), target)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	source := os.NewFile(uintptr(fd), target)
	info, err := source.Stat()
	if err != nil || !info.IsDir() {
		return nil, errors.Join(err, source.Close())
	}
	return source, nil
}

// move moves what is in first to a volume. What the volume has by then under the same name,
// because it is in use already, stays.
func move(first, data string) error {
	entries, err := os.ReadDir(first)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		from := filepath.Join(first, entry.Name())
		moved := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, filepath.Join(data, entry.Name()), unix.RENAME_NOREPLACE)
		if errors.Is(moved, unix.EEXIST) {
			moved = os.RemoveAll(from)
		}
		err = errors.Join(err, moved)
	}
	return err
}
