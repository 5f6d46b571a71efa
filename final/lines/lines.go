// Package lines keeps a growing file of lines at a bounded size, and reads it while it grows.
//
// The problem: what containers print, and what happens to them, is appended to a file for ever,
// and somebody may be looking. The file must not fill the disk, and who looks must see each line
// as soon as it is written, in order, and none twice, without asking the disk again and again.
//
// So a full file is renamed to FILE.1, what was FILE.1 to FILE.2, and so on up to a limit, and a
// new FILE is begun. A reader holds the file that it is reading open: a file that has another
// name, or none, is still the same file. And the kernel tells the reader when something in the
// folder has changed:
//
//	inotifywait -m -e modify FOLDER     what a follower waits for
//	tail -n 10 -F FILE                 much the same, for one file
//
// Who renames the files, and who looks which files there are, holds a lock on their folder.
//
// To read: inotify(7), flock(2), rename(2); logrotate(8) has the same habit.
package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Lock keeps the files of path at their names, or, with LOCK_EX, lets nobody else rename, list or
// append, until the file that it returns is closed. how is flock(2)'s; with LOCK_NB the error of
// a lock that somebody holds is EWOULDBLOCK.
func Lock(path string, how int) (*os.File, error) {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(folder.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		folder.Close()
		return nil, fmt.Errorf("lock %s: %w", folder.Name(), err)
	}
	return folder, nil
}

// Append opens the file of path for lines that are added, and makes it if there is none. If a
// writer was killed, or the disk was full, in the middle of a line, that half is cut off. Only who
// alone writes may call it.
func Append(path string) (file *os.File, size int64, err error) {
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return nil, 0, err
	}
	state, err := file.Stat()
	if err == nil {
		size, _, err = last(file, state.Size(), 0)
	}
	if err == nil && size < state.Size() {
		err = file.Truncate(size)
	}
	if err != nil {
		file.Close()
		return nil, 0, err
	}
	return file, size, nil
}

// Rotate renames the full file of path out of the way, and what is older too, so that there are
// at most keep files, and begins a new one. Whoever calls it holds the lock, LOCK_EX. After an
// error the old file is still there, by the one name or the other.
func Rotate(path string, keep int) (*os.File, error) {
	fresh := path + ".new" // made first: if the disk is full, nothing has happened yet
	file, err := os.OpenFile(fresh, os.O_RDWR|os.O_CREATE|os.O_APPEND|os.O_TRUNC, 0o640)
	if err != nil {
		return nil, err
	}
	// The first free number takes the next younger file: one that is missing, because whoever
	// renamed them was killed, is filled. If none is free, the oldest file is replaced.
	free := 1
	for free < keep-1 && exists(numbered(path, free)) {
		free++
	}
	for i := free; i > 0 && keep > 1 && err == nil; i-- {
		err = os.Rename(numbered(path, i-1), numbered(path, i))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// numbered is what a file is called when so many younger ones have come.
func numbered(path string, number int) string {
	if number == 0 {
		return path
	}
	return path + "." + strconv.Itoa(number)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// newer opens the files of path that have come after one, or all of them, the oldest first.
func newer(path string, than *os.File) (files []*os.File, err error) {
	if than != nil && sameFile(path, than) {
		return nil, nil // the usual case: it is still being written
	}
	lock, err := Lock(path, unix.LOCK_SH)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // with its container
	}
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	// A number may be missing if whoever renamed the files was killed, but never two.
	for number, missing := 0, 0; missing < 2; number++ {
		file, err := os.Open(numbered(path, number))
		if errors.Is(err, fs.ErrNotExist) {
			missing++
			continue
		}
		if err != nil {
			closeAll(files)
			return nil, err
		}
		missing = 0
		if than != nil && sameFile(file.Name(), than) {
			file.Close()
			break
		}
		files = append([]*os.File{file}, files...)
	}
	return files, nil
}

// sameFile tells whether a name is an open file's.
func sameFile(name string, open *os.File) bool {
	named, err := os.Stat(name)
	if err != nil {
		return false
	}
	state, err := open.Stat()
	return err == nil && os.SameFile(named, state)
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// last returns where the last n whole lines of a file begin, reading from its end, and how many
// there are if that is fewer. The last 0 lines begin where the last whole line ends.
func last(file *os.File, size int64, n int) (start int64, found int, err error) {
	buffer := make([]byte, 64<<10)
	ends := 0 // the line ends seen: the one before the n+1st from the end is where to begin
	for size > 0 {
		block := buffer[:min(size, int64(len(buffer)))]
		size -= int64(len(block))
		read, err := file.ReadAt(block, size)
		if err != nil && !errors.Is(err, io.EOF) { // its end may have been cut off meanwhile
			return 0, 0, err
		}
		block = block[:read]
		for i := bytes.LastIndexByte(block, '\n'); i >= 0; i = bytes.LastIndexByte(block[:i], '\n') {
			if ends == n {
				return size + int64(i) + 1, n, nil
			}
			ends++
		}
	}
	return 0, ends, nil
}
