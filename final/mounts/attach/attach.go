// Package attach mounts what a container has, in three steps.
//
// The problem: what is to be mounted can be opened only outside of the container, by the host's
// paths, and attached only inside, by the container's. Some things are between the two: a volume
// is given its first content when the image's files and the host's are both there.
//
//	Open      the parent's: each mount becomes an open file, which is attached nowhere
//	Fill      init's, before rootfs.Enter: volumes that are empty get what the image has
//	Attach    init's, after it and before rootfs.Seal: each mount gets its place
//
// The three have the same list, point.Mounted, and the files are in its order.
//
// To read: stage 5's chapter; open_tree(2), move_mount(2).
package attach

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"drydock/final/mounts"
	"drydock/final/mounts/detached"
	"drydock/final/mounts/fstab"
	"drydock/final/mounts/local"
	"drydock/final/mounts/point"
	"drydock/final/mounts/shared"
	"drydock/internal/kernel"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/fill"
)

// Open opens what is to be mounted, for init to inherit. To close the files is to unmount them.
func Open(points []point.Point) (trees []*os.File, err error) {
	for _, p := range points {
		tree, err := open(p)
		if err != nil {
			Close(trees)
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

// Close closes what Open has returned.
func Close(trees []*os.File) {
	for _, tree := range trees {
		tree.Close() // nothing was written: there is nothing that could fail
	}
}

func open(p point.Point) (*os.File, error) {
	switch {
	case p.Type == mounts.Tmpfs:
		options, err := fstab.Tmpfs(p.Tmpfs)
		if err != nil {
			return nil, err
		}
		if p.ReadOnly {
			options.Flags |= unix.MS_RDONLY
		}
		return detached.Open(detached.Tmpfs(options), "/proc") // any directory that is there
	case local.Mounts(p.Options):
		system, err := local.FileSystem(p.Options)
		if err != nil {
			return nil, err
		}
		tree, err := detached.Open(system, p.Source)
		if err != nil {
			return nil, fmt.Errorf("error while mounting volume '%s': %w", p.Source, err)
		}
		return tree, nil
	case p.Type == mounts.Volume:
		return openVolume(p)
	}
	tree, err := bind.Open(p.Mount.Mount)
	if err != nil {
		return nil, err
	}
	if err := shared.Check(p.Source, p.Propagation); err != nil {
		return nil, errors.Join(err, tree.Close())
	}
	return tree, nil
}

// openVolume opens a volume that is a directory, or a directory in one: whatever links there are in
// it, none leads out of it.
func openVolume(p point.Point) (*os.File, error) {
	m := p.Mount.Mount
	m.MustExist = true
	if p.Subpath == "" {
		tree, err := bind.Open(m)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("volume %s has lost its content: %w: put it back, or remove the volume", p.Name, err)
		}
		return tree, err
	}
	root, err := os.Open(p.Source)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	sub, err := bind.Resolve(int(root.Fd()), p.Subpath)
	if err != nil {
		return nil, fmt.Errorf("volume %s: cannot access path %s: %w: make it, in a container that has the whole volume", p.Name, p.Subpath, err)
	}
	defer unix.Close(sub)
	m.Source = fmt.Sprintf("/proc/self/fd/%d", sub) // leads to the open file itself: proc_pid_fd(5)
	return bind.Open(m)
}

// Fill gives volumes their first content: what the container's root has at their places. The files
// of Open are the descriptors from first on.
func Fill(points []point.Point, first int, root string) error {
	for i, p := range points {
		var err error
		switch {
		case p.Type != mounts.Volume:
		case local.Mounts(p.Options):
			// A volume with two places has the file system that was opened for the first.
			if i == slices.IndexFunc(points, func(q point.Point) bool { return q.Name == p.Name }) {
				err = attachVolume(p, first+i)
			}
			if err == nil {
				err = fillMounted(p, first+i, root)
			}
		default:
			err = fill.Volume(p.Mount, root)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attachVolume attaches a volume that is a file system of its own where the volume's directory is,
// which nobody else sees.
func attachVolume(p point.Point, fd int) error {
	err := kernel.MoveMount("the volume's file system has the place of its directory",
		fd, "", unix.AT_FDCWD, p.Source, unix.MOVE_MOUNT_F_EMPTY_PATH)
	if err != nil {
		return fmt.Errorf("volume %s: %w", p.Name, err)
	}
	return nil
}

// fillMounted is Fill for such a volume. It is opened there again: now as the container is to have it,
// read-only perhaps, and perhaps a directory in it.
func fillMounted(p point.Point, fd int, root string) error {
	if p.Fill && p.Subpath == "" {
		if err := fillEmpty(p, root); err != nil {
			return fmt.Errorf("fill volume %s: %w", p.Name, err)
		}
	}
	tree, err := openVolume(p)
	if err != nil {
		return err
	}
	defer tree.Close()
	return unix.Dup3(int(tree.Fd()), fd, unix.O_CLOEXEC)
}

// Attach attaches what Open has returned, by now the descriptors from first on.
func Attach(points []point.Point, first int) error {
	for i, p := range points {
		m := p.Mount.Mount
		m.Source = cmp.Or(m.Source, p.Type) // for people, if it fails
		if err := bind.Attach(m, first+i); err != nil {
			return err
		}
	}
	return nil
}
