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
		found, covered, err := lookupIn(layer, path)
		if found != "" || covered || err != nil {
			return found, err
		}
	}
	return "", nil
}

// lookupIn looks in one layer. What is covered is not looked for further below: under a
// whiteout, an opaque directory, or anything else that is no directory, though the path goes on.
func lookupIn(layer, path string) (found string, covered bool, err error) {
	at := layer
	elements := strings.Split(path, "/")
	for i, name := range elements {
		opaque, err := IsOpaque(at)
		if err != nil {
			return "", false, err
		}
		covered = covered || opaque
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		switch last := i == len(elements)-1; {
		case errors.Is(err, fs.ErrNotExist):
			return "", covered, nil
		case err != nil:
			return "", false, err
		case IsWhiteout(info):
			return "", true, nil
		case last:
			return at, true, nil
		case !info.IsDir():
			return "", true, nil
		}
	}
	return "", covered, nil
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
		entries, err := os.ReadDir(filepath.Join(layer, dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
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
