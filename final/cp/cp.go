package cp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"

	"drydock/final/cp/inside"
	"drydock/final/cp/stream"
)

// Options are those of docker cp, and its standard streams for "-".
type Options struct {
	FollowLink bool
	Stdin      io.Reader
	Stdout     io.Writer
	Travelled  *atomic.Int64 // if given, it counts the bytes as they travel, for Progress
}

// A Result is what a copy was.
type Result struct {
	Content   int64 // bytes of files
	Travelled int64 // bytes of the stream
	To        string
}

// String is what docker cp says of it, if it is not to be quiet.
func (r Result) String() string {
	if r.Content == r.Travelled {
		return fmt.Sprintf("Successfully copied %s to %s", human(r.Content), r.To)
	}
	return fmt.Sprintf("Successfully copied %s (transferred %s) to %s", human(r.Content), human(r.Travelled), r.To)
}

func human(bytes int64) string { return units.HumanSizeWithPrecision(float64(bytes), 3) }

// FromContainer copies a file or a directory from a container to the host, or to standard output. On
// the host all belongs to whom runs this.
func FromContainer(c Container, source, destination string, o Options) (r Result, err error) {
	absolute := destination
	if destination != "-" {
		if absolute, err = abs(destination); err == nil {
			err = checkOutput(absolute)
		}
		if err != nil {
			return r, err
		}
	}
	file, stat, name, err := c.source(source, o.FollowLink)
	if err != nil {
		return r, err
	}
	defer file.Close()
	if destination == "-" {
		return r, stream.Write(o.Stdout, file, name)
	}
	isDir := inside.Is(stat, unix.S_IFDIR)
	to, err := onHost(absolute)
	if err != nil {
		return r, err
	}
	into, as, err := target(filepath.Base(clean(filepath.Join("/", source), source)), isDir, to)
	if err != nil {
		return r, err
	}
	dir, err := os.OpenFile(into, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return r, err
	}
	defer dir.Close()
	r.To = absolute
	r.Travelled, err = o.through(
		func(w io.Writer) error { return stream.Write(w, file, as) },
		func(in io.Reader) error { return stream.Unpack(dir, into, in, nil) })
	if r.Content = stat.Size; isDir {
		r.Content = r.Travelled
	}
	return r, err
}

// ToContainer copies a file or a directory of the host to a container, or what a tar stream on
// standard input has to a directory there.
func ToContainer(c Container, source, destination string, o Options) (r Result, err error) {
	to, err := c.destination(destination)
	if err != nil {
		return r, err
	}
	r.To = c.Name + ":" + to.path
	owner := c.Owner
	if owner == nil {
		owner = stream.AsArchived
	}
	if source == "-" {
		if !to.isDir {
			return r, fmt.Errorf("destination %q must be a directory", c.Name+":"+destination)
		}
		return r, c.unpack(to.path, o.Stdin, owner)
	}
	if source, err = abs(source); err != nil {
		return r, err
	}
	file, info, err := openHost(source, o.FollowLink)
	if err != nil {
		return r, err
	}
	defer file.Close()
	into, as, err := target(filepath.Base(source), info.IsDir(), to)
	if err != nil {
		return r, err
	}
	dir, err := c.open(into)
	if err != nil {
		return r, err
	}
	defer dir.Close()
	r.Travelled, err = o.through(
		func(w io.Writer) error { return stream.Write(w, file, as) },
		func(in io.Reader) error { return stream.Unpack(dir, into, in, owner) })
	r.Content = size(file, info)
	return r, err
}

// unpack unpacks a tar stream, which may be compressed, in a directory of the container.
func (c Container) unpack(path string, in io.Reader, owner stream.Owner) error {
	dir, err := c.open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	tar, err := uncompressed(in)
	if err != nil {
		return err
	}
	err = stream.Unpack(dir, path, tar, owner)
	if err == nil {
		_, err = io.Copy(io.Discard, tar) // the padding at the end: who writes it must not find nobody
	}
	return errors.Join(err, tar.Close())
}

// through has one function write what another one reads at the same time, and says how much that is.
func (o Options) through(write func(io.Writer) error, read func(io.Reader) error) (int64, error) {
	in, out := io.Pipe()
	count := &counter{w: out, n: o.Travelled}
	if count.n == nil {
		count.n = new(atomic.Int64)
	}
	written := make(chan error, 1)
	go func() {
		err := write(count)
		out.CloseWithError(err)
		written <- err
	}()
	err := read(in)
	if err == nil {
		_, err = io.Copy(io.Discard, in) // the padding at the end
	}
	in.CloseWithError(errStopped)
	if failed := <-written; err == nil || (failed != nil && !errors.Is(failed, errStopped)) {
		err = failed
	}
	return count.n.Load(), err
}

var errStopped = errors.New("the other end has stopped")

// A counter counts what is written.
type counter struct {
	w io.Writer
	n *atomic.Int64
}

func (c *counter) Write(bytes []byte) (int, error) {
	n, err := c.w.Write(bytes)
	c.n.Add(int64(n))
	return n, err
}

// abs is a path of the host from / on.
func abs(path string) (string, error) {
	absolute, err := filepath.Abs(path)
	return clean(absolute, path), err
}
