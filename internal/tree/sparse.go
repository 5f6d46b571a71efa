package tree

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// block is the unit in which a file can have holes.
const block = 4096

// A Sparse writes new files and leaves out blocks of zeros, so that a file with holes, of which
// all travels as zeros, has them again. It keeps its buffer from file to file.
type Sparse struct{ buffer []byte }

// Create makes a file, of a name in an open directory, where there is nothing.
func (s *Sparse) Create(dir int, name string, content io.Reader) error {
	fd, err := unix.Openat(dir, name, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), name)
	return errors.Join(s.write(file, content), file.Close())
}

func (s *Sparse) write(file *os.File, content io.Reader) error {
	if s.buffer == nil {
		s.buffer = make([]byte, 64*block)
	}
	for size, end := int64(0), int64(0); ; {
		n, err := io.ReadFull(content, s.buffer)
		for at := 0; at < n; {
			length, isZero := run(s.buffer[at:n])
			if !isZero {
				if _, err := file.WriteAt(s.buffer[at:at+length], size+int64(at)); err != nil {
					return err
				}
				end = size + int64(at+length)
			}
			at += length
		}
		size += int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && n < len(s.buffer):
			if end == size {
				return nil
			}
			return file.Truncate(size) // it ends with a hole
		case err != nil:
			return err
		}
	}
}

// run tells how many of the bytes, which are not none, are blocks of zeros, or are none.
func run(p []byte) (length int, isZero bool) {
	isZero = zero(p[:min(block, len(p))])
	for length < len(p) && zero(p[length:min(length+block, len(p))]) == isZero {
		length += block
	}
	return min(length, len(p)), isZero
}

// zeros is a block of them.
var zeros [block]byte

func zero(p []byte) bool { return bytes.Equal(p, zeros[:len(p)]) }
