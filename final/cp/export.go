package cp

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"drydock/final/cp/stream"
	"drydock/internal/alone"
)

// Export writes a container's root directory as a tar stream, as docker export does. root is
// without what is mounted on it: that of a container that runs is Bare's.
func Export(w io.Writer, root *os.File) error { return stream.Write(w, root, "") }

// Bare returns the root directory of a mount namespace, such as /proc/PID/ns/mnt, without /proc,
// volumes and whatever else is mounted on it: a second mount of the same, which nobody else has and
// which is gone when it is closed. open_tree(2), Linux 5.2.
func Bare(namespace *os.File) (root *os.File, err error) {
	err = alone.Thread(func() error {
		// Threads share their root directory, and setns(2) takes none to another mount namespace that does.
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return os.NewSyscallError("unshare", err)
		}
		if err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNS); err != nil {
			return os.NewSyscallError("setns", err)
		}
		fd, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			return os.NewSyscallError("open_tree", err)
		}
		root = os.NewFile(uintptr(fd), "/")
		return nil
	})
	return root, err
}
