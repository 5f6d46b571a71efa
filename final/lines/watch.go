package lines

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A folder is one that is watched.
type folder struct {
	*os.File
	changed chan struct{} // has one when something has changed since the last was taken
}

// watch watches the folder of path. Not the file itself: it will be another one.
func watch(path string) (*folder, error) {
	path = filepath.Dir(path)
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK) // NONBLOCK: Close ends reading
	if err == nil {
		_, err = unix.InotifyAddWatch(fd, path, unix.IN_MODIFY|unix.IN_ONLYDIR)
		if err != nil {
			unix.Close(fd)
		}
	}
	switch {
	case errors.Is(err, unix.EMFILE):
		return nil, fmt.Errorf("watch %s: %w: sysctl fs.inotify.max_user_instances allows more", path, err)
	case errors.Is(err, unix.ENOSPC):
		return nil, fmt.Errorf("watch %s: %w: sysctl fs.inotify.max_user_watches allows more", path, err)
	case err != nil:
		return nil, fmt.Errorf("watch %s: %w", path, err)
	}
	f := &folder{os.NewFile(uintptr(fd), "inotify"), make(chan struct{}, 1)}
	go f.read()
	return f, nil
}

// read takes the events. What they say does not matter, as the reader looks for itself.
func (f *folder) read() {
	events := make([]byte, 64<<10)
	for {
		if _, err := f.Read(events); err != nil {
			return // closed
		}
		select {
		case f.changed <- struct{}{}:
		default:
		}
	}
}
