package tree

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// block is the unit in which a file can have holes.
const block = 4096

// WriteSparse writes a new file and leaves out blocks of zeros, so that a file with holes, of
// which all travels as zeros, has them again.
func WriteSparse(path string, content io.Reader) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size := int64(0)
	for buffer := make([]byte, 64*block); ; {
		n, err := io.ReadFull(content, buffer)
		for at := 0; at < n; at += block {
			part := buffer[at:min(at+block, n)]
			if zero(part) {
				continue
			}
			if _, err := file.WriteAt(part, size+int64(at)); err != nil {
				return err
			}
		}
		size += int64(n)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n > 0 && n < len(buffer):
			return file.Truncate(size)
		case err != nil:
			return err
		}
	}
}

func zero(bytes []byte) bool {
	for _, b := range bytes {
		if b != 0 {
			return false
		}
	}
	return true
}
