package tree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestCopy(t *testing.T) {
	src, dst := filepath.Join(t.TempDir(), "src"), filepath.Join(t.TempDir(), "dst")
	must(t, os.MkdirAll(filepath.Join(src, "dir", "empty"), 0o755))
	must(t, os.WriteFile(filepath.Join(src, "dir", "file"), []byte("content"), 0o640))
	must(t, os.Chmod(filepath.Join(src, "dir", "file"), 0o4750)) //nolint:gosec // setuid is what is tested
	must(t, os.Link(filepath.Join(src, "dir", "file"), filepath.Join(src, "linked")))
	must(t, os.Symlink("nowhere", filepath.Join(src, "dangling")))
	must(t, unix.Mkfifo(filepath.Join(src, "fifo"), 0o600))
	must(t, unix.Setxattr(filepath.Join(src, "dir", "file"), "user.color", []byte("blue"), 0))
	sparse, err := os.Create(filepath.Join(src, "sparse"))
	must(t, err)
	must(t, sparse.Truncate(64<<20))
	_, err = sparse.WriteAt([]byte("in the middle"), 32<<20)
	must(t, err)
	must(t, sparse.Close())
	old := time.Unix(1000000000, 123456789)
	must(t, os.Chtimes(filepath.Join(src, "dir", "file"), old, old))
	must(t, os.Chtimes(filepath.Join(src, "dir"), old, old))
	if os.Geteuid() == 0 {
		must(t, unix.Mknod(filepath.Join(src, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
		must(t, os.Lchown(filepath.Join(src, "dangling"), 1000, 1001))
		must(t, os.Mkdir(filepath.Join(src, "closed"), 0))
	}

	must(t, Copy(src, dst))
	if diff := cmp.Diff(listing(t, src), listing(t, dst)); diff != "" {
		t.Errorf("(-original +copy):\n%s", diff)
	}
	var stat unix.Stat_t
	must(t, unix.Stat(filepath.Join(dst, "sparse"), &stat))
	if stat.Blocks*512 > 1<<20 {
		t.Errorf("the holes are filled: %d bytes", stat.Blocks*512)
	}
	elsewhere := filepath.Join("/dev/shm", filepath.Base(t.TempDir())+t.Name())
	t.Cleanup(func() { must(t, os.RemoveAll(elsewhere)) })
	must(t, Copy(src, elsewhere))
	if unix.Setxattr(elsewhere, "user.x", nil, 0) != nil { // tmpfs has such since Linux 6.6
		must(t, unix.Removexattr(filepath.Join(src, "dir", "file"), "user.color"))
	}
	_ = unix.Removexattr(elsewhere, "user.x") // it may not be there
	if diff := cmp.Diff(listing(t, src), listing(t, elsewhere)); diff != "" {
		t.Errorf("on another file system (-original +copy):\n%s", diff)
	}
	if err := Copy(src, dst); err == nil {
		t.Error("a second copy over the first went well")
	}
}

// listing is what a tree is made of, one line an entry.
func listing(t *testing.T, root string) (lines []string) {
	t.Helper()
	names := map[uint64]string{}
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		line := fmt.Sprintf("%s mode %o owner %d:%d time %d.%d device %d", name, stat.Mode, stat.Uid, stat.Gid, stat.Mtim.Sec, stat.Mtim.Nsec, stat.Rdev)
		if stat.Mode&unix.S_IFMT == unix.S_IFREG {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" size %d %q", len(content), strings.Trim(string(content), "\x00"))
		}
		if first := names[stat.Ino]; first != "" {
			line += " is " + first
		}
		names[stat.Ino] = name
		list, err := Xattrs(path)
		for _, xattr := range list {
			value, err := Xattr(path, xattr)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %s=%s", xattr, value)
		}
		lines = append(lines, line)
		return err
	}))
	return lines
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
