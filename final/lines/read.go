package lines

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Query is which lines to read.
type Query struct {
	Tail   int             // so many from the end; below 0: all
	Follow bool            // wait for more, until Done
	Done   <-chan struct{} // closed when no more will be written; nil: there is always more
	Idle   func() error    // called before waiting, when all that is there has been read; may be nil
}

// ErrEnough ends reading without an error, if whoever gets the lines returns it.
var ErrEnough = errors.New("enough was read")

// Read calls each for the whole lines of path, without their ends, and of the older files that it
// was rotated to, the oldest first. A line is valid until each returns. No file means no lines.
func Read(ctx context.Context, path string, q Query, each func(line []byte) error) (err error) {
	r := reader{path: path, each: each, buffer: make([]byte, 128<<10)}
	var changed <-chan struct{}
	if q.Follow { // before the first look, so that nothing comes between
		folder, err := watch(path)
		if err != nil {
			return err
		}
		defer folder.Close()
		changed = folder.changed
	}
	if err := r.begin(q.Tail); err != nil {
		return err
	}
	defer func() { closeAll(r.files) }()
	for {
		ended := !q.Follow || isClosed(q.Done) // asked first: what was written before is read
		if err := r.all(ctx); errors.Is(err, ErrEnough) {
			return nil
		} else if err != nil || ended {
			return err
		}
		if q.Idle != nil {
			if err := q.Idle(); err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-q.Done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// A reader is somewhere in the first of its files.
type reader struct {
	path   string
	each   func([]byte) error
	files  []*os.File // the oldest first
	offset int64
	buffer []byte
}

// begin opens the files that have the last so many lines, and finds the first of them.
func (r *reader) begin(tail int) (err error) {
	r.files, err = newer(r.path, nil)
	if err != nil || tail < 0 {
		return err
	}
	for i := len(r.files) - 1; i >= 0; i-- {
		state, err := r.files[i].Stat()
		if err != nil {
			return err
		}
		start, found, err := last(r.files[i], state.Size(), tail)
		if err != nil {
			return err
		}
		if tail -= found; tail == 0 {
			closeAll(r.files[:i])
			r.files, r.offset = r.files[i:], start
			break
		}
	}
	return nil
}

// all reads to the end of the youngest file.
func (r *reader) all(ctx context.Context) error {
	for {
		// A file that another has come after is full: so first it is asked for that, then read.
		var youngest *os.File
		if n := len(r.files); n > 0 {
			youngest = r.files[n-1]
		}
		more, err := newer(r.path, youngest)
		if err != nil {
			return err
		}
		r.files = append(r.files, more...)
		for len(r.files) > 0 {
			if err := r.file(ctx, r.files[0]); err != nil {
				return err
			}
			if len(r.files) == 1 {
				break
			}
			r.files[0].Close()
			r.files, r.offset = r.files[1:], 0
		}
		if len(more) == 0 {
			return nil
		}
	}
}

// file reads to the last whole line of a file. Half a line is read again when there is more of
// it, for the writer may have taken it back.
func (r *reader) file(ctx context.Context, file *os.File) error {
	for ctx.Err() == nil {
		n, err := file.ReadAt(r.buffer, r.offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		read := r.buffer[:n]
		whole := bytes.LastIndexByte(read, '\n') + 1
		switch {
		case whole > 0:
		case n < len(r.buffer):
			return nil
		case n < 16<<20:
			r.buffer = make([]byte, 2*len(r.buffer))
			continue
		default:
			return fmt.Errorf("read %s: at %d is no line", file.Name(), r.offset)
		}
		for line := range bytes.Lines(read[:whole]) {
			if err := r.each(line[:len(line)-1]); err != nil {
				return err
			}
		}
		r.offset += int64(whole)
	}
	return ctx.Err()
}
