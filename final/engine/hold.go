package engine

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"drydock/internal/record"
)

// patience is how long hold waits before it says so. A start takes less.
const patience = time.Second

// hold waits until a container's root is nobody else's, until what is returned is closed. It is for whoever mounts it: two mounts of one
// upper directory do not know of each other, "and the result is undefined" (Documentation/filesystems/overlayfs.rst). So a start
// has it until the program is in there, a copy until all is copied, as in Docker. No other lock is held meanwhile. It is flock(2) on
// the container's folder, which ends with its holder.
func (e *Engine) hold(r record.Record) (*os.File, error) {
	folder, err := os.Open(e.Containers.Dir(r.ID))
	if err != nil {
		return nil, err
	}
	tell := time.AfterFunc(patience, func() {
		e.Note(fmt.Sprintf("files of container %s are being copied: this waits until that is done", r.Name))
	})
	defer tell.Stop()
	for err = unix.EINTR; errors.Is(err, unix.EINTR); {
		err = unix.Flock(int(folder.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", folder.Name(), err), folder.Close())
	}
	return folder, nil
}

// A Root is a container's root directory, which no other copy and no start has.
type Root struct {
	*os.File
	held *os.File
}

// Close ends that.
func (r Root) Close() {
	r.File.Close()
	r.held.Close()
}
