package cp

import (
	"errors"
	"path/filepath"
	"strings"
)

// A place is one end of a copy.
type place struct {
	path   string // cleaned, but with the slash or dot at its end
	exists bool
	isDir  bool
}

// clean cleans a path, but keeps a slash or /. at its end, which says that it is a directory.
func clean(cleaned, path string) string {
	switch {
	case filepath.Base(path) == "." && filepath.Base(cleaned) != ".":
		return strings.TrimSuffix(cleaned, "/") + "/."
	case strings.HasSuffix(path, "/") && !strings.HasSuffix(cleaned, "/"):
		return cleaned + "/"
	}
	return cleaned
}

// split splits a path into a directory and a name in it. A dot at the end is a name.
func split(path string) (dir, base string) {
	cleaned := filepath.Clean(path)
	if filepath.Base(path) == "." {
		cleaned += "/."
	}
	return filepath.Dir(cleaned), filepath.Base(cleaned)
}

var (
	errCopyDir = errors.New("cannot copy directory")
	errNoDir   = errors.New("no such directory")
	errNotDir  = errors.New("not a directory")
)

// target says where the copy of a source goes: into which directory, and under which name. name is
// the one that the source has.
func target(name string, isDir bool, to place) (dir, as string, err error) {
	switch {
	case to.exists && to.isDir:
		return to.path, name, nil
	case to.exists && isDir:
		return "", "", errCopyDir
	case !to.exists && !isDir && clean("x", to.path) != "x":
		return "", "", errNoDir
	}
	dir, as = split(to.path)
	return dir, as, nil
}
