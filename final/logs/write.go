package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"drydock/final/lines"
)

const (
	pieceSize = 16 << 10  // of a longer line, as in Docker
	writeSize = 256 << 10 // the most that is encoded before it is written
)

// A Writer writes a container's log. A container must not end, or wait, because its log has a
// problem: so writing never fails for whoever calls, and Options.Failed is told.
type Writer struct {
	path string
	o    Options

	lock    sync.Mutex // held for all below
	file    *os.File
	size    int64  // of the file, up to its last entry
	encoded []byte // entries that are not written yet
	told    bool   // of a failure
}

// Create opens the log of path and adds to it, or begins it. There must be only one at a time.
func Create(path string, o Options) (*Writer, error) {
	file, size, err := lines.Append(path)
	if err != nil {
		return nil, err
	}
	return &Writer{path: path, o: o, file: file, size: size}, nil
}

// Close closes the log. The streams are to be closed before it.
func (w *Writer) Close() error {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.file.Close()
}

// Stream is where to write what the container prints, on "stdout" or "stderr". What one Write
// brings is in the file when it returns, in one piece and with one time, but for an unfinished
// line: that is there at its end, or after Close. So whoever copies from a pipe reads as much at
// once as there is. Two streams may be written at the same time, but each by one at a time.
func (w *Writer) Stream(name string) io.WriteCloser { return &stream{w: w, name: name} }

type stream struct {
	w     *Writer
	name  string
	rest  []byte    // of a line that has not ended
	began time.Time // when that line's first piece was written, if it was: it is the time of all
}

// Write never fails.
func (s *stream) Write(printed []byte) (int, error) {
	s.w.lock.Lock()
	defer s.w.lock.Unlock()
	left, now := printed, time.Now()
	tail := ending(s.name, now)
	for len(left) > 0 {
		part := left[:min(len(left), pieceSize-len(s.rest))]
		if end := bytes.IndexByte(part, '\n'); end >= 0 {
			part = part[:end+1]
		}
		left = left[len(part):]
		whole := part[len(part)-1] == '\n'
		if !whole && len(s.rest)+len(part) < pieceSize {
			s.rest = append(s.rest, part...) // and nothing is left
			break
		}
		if len(s.rest) > 0 {
			part = append(s.rest, part...)
		}
		s.entry(part, whole, now, tail)
	}
	s.w.flush()
	return len(printed), nil
}

// entry adds an entry. If it is a piece of a line, a character that it would cut is left for the
// next one.
func (s *stream) entry(text []byte, whole bool, now time.Time, tail []byte) {
	keep := 0
	if !whole {
		keep = cut(text)
		if s.began.IsZero() {
			s.began = now
		}
	}
	if !s.began.IsZero() && !s.began.Equal(now) {
		tail = ending(s.name, s.began)
	}
	s.w.add(text[:len(text)-keep], tail)
	s.rest = append(s.rest[:0], text[len(text)-keep:]...)
	if whole {
		s.began = time.Time{}
	}
}

// Close writes a last line that has no end.
func (s *stream) Close() error {
	s.w.lock.Lock()
	defer s.w.lock.Unlock()
	if len(s.rest) > 0 {
		if s.began.IsZero() {
			s.began = time.Now()
		}
		s.w.add(s.rest, ending(s.name, s.began))
		s.rest = nil
	}
	s.w.flush()
	return nil
}

// cut is how many bytes at the end of a text are the beginning of a character.
func cut(text []byte) int {
	for n := 1; n < utf8.UTFMax && n < len(text); n++ {
		if start := text[len(text)-n:]; utf8.RuneStart(start[0]) {
			if utf8.FullRune(start) {
				return 0
			}
			return n
		}
	}
	return 0
}

// add encodes an entry. As in Docker, a file is full when it has MaxSize bytes: its last entry
// may go beyond.
func (w *Writer) add(text, tail []byte) {
	full := w.o.MaxSize > 0 && w.size+int64(len(w.encoded)) >= w.o.MaxSize
	if full || len(w.encoded) >= writeSize {
		w.flush()
	}
	if full {
		w.rotate()
	}
	w.encoded = appendEntry(w.encoded, text, tail)
}

// flush writes what is encoded, with one write(2).
func (w *Writer) flush() {
	if len(w.encoded) == 0 {
		return
	}
	n, err := w.file.Write(w.encoded)
	if err == nil {
		w.size += int64(n)
	} else {
		// These entries are lost. What fitted of them would make the next a part of a line.
		w.failed(errors.Join(err, w.file.Truncate(w.size)))
	}
	w.encoded = w.encoded[:0]
}

// rotate begins a new file. If a reader is just looking which files there are, it is left to the
// next entry: the container waits for nobody.
func (w *Writer) rotate() {
	lock, err := lines.Lock(w.path, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return
	}
	if err != nil {
		w.failed(err)
		return
	}
	defer lock.Close()
	file, err := lines.Rotate(w.path, max(1, w.o.MaxFile))
	if err != nil {
		w.failed(err) // and the old file gets longer
		return
	}
	w.file.Close()
	w.file, w.size = file, 0
}

func (w *Writer) failed(err error) {
	if !w.told && w.o.Failed != nil {
		w.o.Failed(fmt.Errorf("the log has gaps: %w", err))
	}
	w.told = true
}
