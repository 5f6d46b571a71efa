package overlay

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// lookup does for the layers below the upper directory what the kernel does: it returns
// where the file with this path, relative to the root, lies; or "" if there is none.
func (c Config) lookup(path string) (string, error) {
	for _, layer := range slices.Backward(c.Layers) {
		found, hidden, err := lookupIn(layer, path)
		if found != "" || hidden || err != nil {
			return found, err
		}
	}
	return "", nil
}

// lookupIn looks in one layer. If the file is not there, hidden says that it is not to be
// looked for further below: because of a whiteout, an opaque directory, or a file where the
// path goes on.
func lookupIn(layer, path string) (found string, hidden bool, err error) {
	at := layer
	elements := strings.Split(path, "/")
	for i, name := range elements {
		if i > 0 { // the mark means nothing on the root of a layer
			opaque, err := IsOpaque(at)
			if err != nil {
				return "", false, err
			}
			hidden = hidden || opaque
		}
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		switch last := i == len(elements)-1; {
		case errors.Is(err, fs.ErrNotExist):
			return "", hidden, nil
		case err != nil:
			return "", false, err
		case IsWhiteout(info):
			return "", true, nil
		case last:
			return at, false, nil
		case !info.IsDir():
			return "", true, nil
		}
	}
	return "", hidden, nil
}

// IsWhiteout tells whether an entry of a layer says that there is nothing, whatever is
// below: a character device with number 0:0.
func IsWhiteout(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode()&fs.ModeCharDevice != 0 && stat.Rdev == 0
}

// IsOpaque tells whether a directory of a layer hides those below it with the same name,
// instead of being merged with them.
func IsOpaque(dir string) (bool, error) {
	value, err := tree.Xattr(dir, "trusted.overlay.opaque")
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return false, nil
	}
	return string(value) == "y", err
}

// list returns the names in a directory of the layers, as they are seen from above.
func (c Config) list(dir string) ([]string, error) {
	names := map[string]bool{}
	for _, layer := range c.Layers {
		found, _, err := lookupIn(layer, path.Clean(dir))
		if err != nil {
			return nil, err
		}
		if info, err := os.Lstat(found); err != nil || !info.IsDir() {
			continue // this layer has none, or something else of that name
		}
		entries, err := os.ReadDir(found)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			names[entry.Name()] = true
		}
	}
	var seen []string
	for name := range names {
		found, err := c.lookup(path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if found != "" {
			seen = append(seen, name)
		}
	}
	return seen, nil
}
