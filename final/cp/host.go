package cp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"drydock/final/cp/inside"
)

// openHost opens a source of a copy on the host: a link itself, unless it is to be followed.
func openHost(path string, follow bool) (*os.File, fs.FileInfo, error) {
	flags := unix.O_PATH
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	file, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, nil, sourceError(path, follow, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, info, nil
}

// sourceError gives the error of an open in Docker's words: it looks a path up before it opens it.
func sourceError(path string, follow bool, err error) error {
	if follow {
		if _, err := filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	if errors.Is(err, unix.ENOTDIR) && clean("x", path) != "x" {
		return errNotDir
	}
	var inner *fs.PathError
	if errors.As(err, &inner) {
		err = inner.Err
	}
	return &fs.PathError{Op: "lstat", Path: path, Err: err}
}

// onHost says what is at a destination on the host. A link is followed, to where there may be nothing.
func onHost(path string) (place, error) {
	info, err := os.Lstat(path)
	for range 10 {
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			break
		}
		target, err2 := os.Readlink(path)
		if err2 != nil {
			return place{}, err2
		}
		if !filepath.IsAbs(target) {
			dir, _ := split(path)
			target = filepath.Join(dir, target)
		}
		path = target
		info, err = os.Lstat(path)
	}
	switch {
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		return place{}, fmt.Errorf("too many symlinks in %s", path)
	case err == nil:
		return place{path, true, info.IsDir()}, nil
	case !errors.Is(err, fs.ErrNotExist):
		return place{}, err
	}
	dir, _ := split(path)
	parent, err := os.Stat(dir)
	if err == nil && !parent.IsDir() {
		err = errNotDir
	}
	return place{path: path}, err
}

// checkOutput refuses a destination on the host that files cannot be put into.
func checkOutput(path string) error {
	dir := filepath.Dir(filepath.Clean(path))
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("invalid output path: directory %q does not exist", dir)
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	if info.Mode()&fs.ModeDevice != 0 {
		return fmt.Errorf("invalid output path: %q must be a directory or a regular file: got a device", path)
	}
	return nil
}

// size is how much content there is in a file of the host, or below a directory.
func size(file *os.File, info fs.FileInfo) (total int64) {
	if info.Mode().IsRegular() {
		return info.Size()
	} else if !info.IsDir() {
		return 0
	}
	_ = filepath.WalkDir(inside.Path(file)+"/.", func(_ string, d fs.DirEntry, err error) error { // for a message: the copy itself tells errors
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // the same
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
