package proc

import (
	"errors"
	"io/fs"
	"slices"

	"golang.org/x/sys/unix"
)

// ReadFile is os.ReadFile for a small file, such as those of /proc: by three system calls, where that needs twice as many to be
// ready for files of all kinds. Whoever looks at hundreds of processes notices. It goes into buffer, if that is large enough.
func ReadFile(path string, buffer []byte) (text []byte, err error) {
	fd, err := again(func() (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	for text = buffer[:0]; ; text = slices.Grow(text, 2<<10+len(text)) {
		room := text[len(text):cap(text)]
		n, err := again(func() (int, error) { return unix.Read(fd, room) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if text = text[:len(text)+n]; n < len(room) {
			return text, nil // there is no more
		}
	}
}

// again calls f until no signal interrupts it.
func again(f func() (int, error)) (int, error) {
	for {
		if n, err := f(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
