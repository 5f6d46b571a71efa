// Package cp copies files between a container and the host, as docker cp does.
//
// The problem is half in the rules: what a copy is called depends on whether its destination is
// there, whether either end is a directory, and on a slash or dot at the end of a path. They are
// those of cp(1), but for a few, and are all here. Package stream has the files travel, as a tar
// stream, which "-" shows; package inside looks up the container's paths.
package cp

import (
	"errors"
	"path/filepath"
	"strings"
)

// An Arg is what one argument of docker cp says. Without a container it is a path of the host, or
// "-", a tar stream.
type Arg struct {
	Container string
	Path      string
}

// Parse reads an argument. A path of the host that has a colon is written ./a:b.
func Parse(arg string) Arg {
	container, path, colon := strings.Cut(arg, ":")
	if filepath.IsAbs(arg) || !colon || strings.HasPrefix(container, ".") {
		return Arg{Path: arg}
	}
	return Arg{container, path}
}

// ParseBoth reads both arguments, of which exactly one names a container.
func ParseBoth(source, destination string) (from, to Arg, err error) {
	from, to = Parse(source), Parse(destination)
	switch {
	case source == "":
		err = errors.New("source can not be empty")
	case destination == "":
		err = errors.New("destination can not be empty")
	case from.Container != "" && to.Container != "":
		err = errors.New("copying between containers is not supported")
	case from.Container == "" && to.Container == "":
		err = errors.New("must specify at least one container source")
	}
	return from, to, err
}
