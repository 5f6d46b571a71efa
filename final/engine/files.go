package engine

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/final/mounts/attach"
	"drydock/final/mounts/point"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/internal/record"
	"drydock/stage1-namespaces/process"
	"drydock/stage5-volumes/bind"
	"drydock/stage6-network/names"
)

// A handed is what init inherits, by descriptors: what is not there is 0.
type handed struct {
	Mounts  int   // the first of those of the points
	Files   []int // of the files in which names are looked up
	Net     int   // another container's namespaces, to be joined
	IPC     int
	Shm     int // the /dev/shm that goes with that
	Console int // a socket, through which the terminal goes
	Reaper  int // this program, for --init
}

// An inheritance is what init inherits, by files.
type inheritance struct {
	handed
	files   []*os.File
	console *os.File // our end of that socket
}

// add hands one more file to init, and returns its descriptor there.
func (i *inheritance) add(file *os.File) int {
	i.files = append(i.files, file)
	return process.FirstFile + len(i.files) - 1
}

// close closes our copies.
func (i *inheritance) close() { attach.Close(i.files) }

// inherit opens what init is to inherit.
func (e *Engine) inherit(c container.Config, points []point.Point) (i inheritance, err error) {
	defer func() {
		if err != nil {
			i.close()
			i.closeConsole()
		}
	}()
	i.Mounts = process.FirstFile
	if i.files, err = attach.Open(points); err != nil {
		return i, err
	}
	for _, m := range c.Files {
		file, err := bind.Open(m)
		if err != nil {
			return i, err
		}
		i.Files = append(i.Files, i.add(file))
	}
	if c.Init {
		program, err := bind.Open(bind.Mount{Source: "/proc/self/exe", Target: Reaper, ReadOnly: true, MustExist: true})
		if err != nil {
			return i, err
		}
		i.Reaper = i.add(program)
	}
	if c.TTY {
		if err := i.openConsole(); err != nil {
			return i, err
		}
	}
	if err := e.inheritNamespace(c.Network(), "net", &i, &i.Net); err != nil {
		return i, err
	}
	return i, e.inheritIPC(c, &i)
}

// inheritIPC opens what is shared of the host's or another container's memory.
func (e *Engine) inheritIPC(c container.Config, i *inheritance) (err error) {
	ref, isOthers := container.Other(c.IPC)
	if !isOthers && c.IPC != "host" {
		return nil
	}
	if err := e.inheritNamespace(c.IPC, "ipc", i, &i.IPC); err != nil {
		return err
	}
	var tree *os.File
	open := func() (err error) {
		tree, err = bind.Open(bind.Mount{Source: "/dev/shm", Target: "/dev/shm", MustExist: true})
		return err
	}
	if isOthers {
		err = e.amongMountsOf(ref, open)
	} else {
		err = open()
	}
	if err == nil {
		i.Shm = i.add(tree)
	}
	return err
}

// amongMountsOf calls a function where another container's mounts are seen, and its root is the root: only there a mount can be
// copied. open_tree(2) on EINVAL.
func (e *Engine) amongMountsOf(ref string, do func() error) error {
	theirs, err := e.openNamespace(ref, "mnt")
	if err != nil {
		return err
	}
	defer theirs.Close()
	return alone.Thread(func() error {
		if err := kernel.Unshare("the root is about to be another for this thread only", unix.CLONE_FS); err != nil {
			return err
		}
		if err := kernel.Setns("the mounts are another container's", int(theirs.Fd()), unix.CLONE_NEWNS); err != nil {
			return err
		}
		return do()
	})
}

// inheritNamespace opens another container's namespace of a kind, if the mode says so.
func (e *Engine) inheritNamespace(mode, kind string, i *inheritance, to *int) error {
	ref, isOthers := container.Other(mode)
	if !isOthers {
		return nil
	}
	file, err := e.openNamespace(ref, kind)
	if err == nil {
		*to = i.add(file)
	}
	return err
}

// openNamespace opens a namespace of a container that runs.
func (e *Engine) openNamespace(ref, kind string) (*os.File, error) {
	other, err := e.running(ref, kind)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/%s", other.Init.Pid, kind))
	if err != nil {
		return nil, fmt.Errorf("the %s namespace of container %s: %w", kind, other.Name, err)
	}
	// If it still lives, what was opened by its pid is its own.
	if !other.IsRunning() {
		return nil, errors.Join(fmt.Errorf("container %s has ended", other.Name), file.Close())
	}
	return file, nil
}

// running is the record of a container that runs.
func (e *Engine) running(ref, kind string) (record.Record, error) {
	other, err := e.Find(ref)
	if err == nil && !other.IsRunning() {
		if kind == "net" {
			kind = "network" // Docker's word
		}
		err = fmt.Errorf("cannot join %s namespace of a non running container: container %s is %s: start it first", kind, other.Name, other.State)
	}
	return other, err
}

// provideFiles has the container find its names in files of its folder, or those of the other container; but not where the
// user has mounted something.
func (e *Engine) provideFiles(c *container.Config, points []point.Point) {
	if _, isOthers := container.Other(c.Network()); !isOthers {
		for _, name := range names.Files() {
			c.Files = append(c.Files, bind.Mount{Source: e.Containers.Dir(c.ID) + "/" + name, Target: "/etc/" + name, ReadOnly: c.Root.ReadOnly, MustExist: true})
		}
	}
	for _, p := range points {
		c.Files = slices.DeleteFunc(c.Files, func(file bind.Mount) bool { return file.Target == p.Target })
	}
}

// isShareable tells whether others may have a container's memory and queues.
func isShareable(r record.Record) bool {
	c, err := container.Of(r)
	_, isOthers := container.Other(c.IPC)
	return err == nil && (isOthers || c.IPC == "shareable" || c.IPC == "host")
}

// findOthers finds the containers whose namespaces it shares, and takes over what goes with these.
func (e *Engine) findOthers(c *container.Config) error {
	for _, mode := range []*string{&c.PID, &c.IPC} {
		ref, isOthers := container.Other(*mode)
		if !isOthers {
			continue
		}
		other, err := e.Find(ref)
		if err != nil {
			return err
		}
		if mode == &c.IPC && !isShareable(other) {
			return fmt.Errorf("failed to join IPC namespace: container %s: non-shareable IPC (hint: use IpcMode:shareable for the donor container)", other.ID)
		}
		*mode = "container:" + other.ID
	}
	ref, isOthers := container.Other(c.Network())
	if !isOthers {
		return nil
	}
	other, err := e.Find(ref)
	if err != nil {
		return err
	}
	theirs, err := container.Of(other)
	if err != nil {
		return err
	}
	points, err := point.Of(other)
	if err != nil {
		return err
	}
	c.Networks[0].Network = "container:" + other.ID
	c.Namespace.Hostname = theirs.Namespace.Hostname
	c.Files = e.theirFiles(theirs, points, c.Root.ReadOnly)
	return nil
}

// theirFiles are the files in which another container looks names up: its own, or what its user has mounted in their place.
// His stay as he wants them; ours are as writable as the container is that joins.
func (e *Engine) theirFiles(theirs container.Config, points []point.Point, readOnly bool) []bind.Mount {
	files := slices.Clone(theirs.Files)
	for i, file := range files {
		files[i].ReadOnly = file.ReadOnly && !strings.HasPrefix(file.Source, e.Containers.Dir("")+"/")
	}
	for _, p := range points {
		if slices.ContainsFunc(names.Files(), func(name string) bool { return p.Target == "/etc/"+name }) {
			files = append(files, bind.Mount{Source: p.Source, Target: p.Target, ReadOnly: p.ReadOnly, MustExist: true})
		}
	}
	for i := range files {
		files[i].ReadOnly = files[i].ReadOnly || readOnly
	}
	return files
}

// openConsole makes the two ends through which a terminal goes: ours, and the one that init inherits.
func (i *inheritance) openConsole() error {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	i.console = os.NewFile(uintptr(fds[0]), "console")
	i.Console = i.add(os.NewFile(uintptr(fds[1]), "console"))
	return nil
}

// closeConsole closes our end, if there is one.
func (i *inheritance) closeConsole() {
	if i.console != nil {
		i.console.Close()
	}
}
