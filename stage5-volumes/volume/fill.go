package volume

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/internal/tree"
	"drydock/stage5-volumes/bind"
)

// Fill gives a new volume its first content: what a container's root has at m.Target. It is
// called by init when root is mounted, and nothing on it. Nothing happens if the volume has had
// a first content already, or anything has been written to it; nor if there is no directory
// at m.Target.
//
// Whoever comes first copies, and others wait for it. If it is killed, whoever comes next goes
// on: the copy is made beside the volume's content, and when it is whole, it gets the name
// "first" and is moved there entry by entry. The folder "first" stays, as the mark.
func Fill(m Mount, root string) error {
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
func prepare(first string, m Mount, root string) error {
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
