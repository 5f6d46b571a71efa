package cgroup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the kernel may take to freeze or empty a group. Both are done
// when every process has reached a point where it can be stopped, usually in
// milliseconds; a process that hangs in a device driver may never reach one.
const patience = 10 * time.Second

// Freeze stops every process of the group where it stands, and waits until the last one has. Linux 5.2.
func (g *Group) Freeze() error {
	if err := g.write("every process stops where it is", "cgroup.freeze", "1"); err != nil {
		return err
	}
	if err := g.await("frozen 1", patience); err != nil {
		return errors.Join(err, g.write("not half of them", "cgroup.freeze", "0"))
	}
	return nil
}

// Thaw lets them go on.
func (g *Group) Thaw() error {
	if err := g.write("every process goes on", "cgroup.freeze", "0"); err != nil {
		return err
	}
	return g.await("frozen 0", patience)
}

// Kill kills every process of the group at once, and waits until they are gone. One by one loses
// against a program that forks faster. A group that is gone has none. Linux 5.14.
func (g *Group) Kill() error { return g.kill(patience) }

// kill is Kill with a limit to the waiting.
func (g *Group) kill(limit time.Duration) error {
	err := g.write("SIGKILL for every process at once", "cgroup.kill", "1")
	if err == nil {
		err = g.await("populated 0", limit)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil // whoever ran the container has removed the empty group
	}
	return err
}

// recheck is how long a change may go unnoticed, in milliseconds. The kernel tells of
// changes in a row only every 10 ms, and not at all if the group is gone by then.
const recheck = 50

// await waits until cgroup.events has a line. For such a file poll(2) returns POLLPRI when
// it has changed since this descriptor last read it.
func (g *Group) await(line string, limit time.Duration) error {
	events, err := os.Open(filepath.Join(g.Path, "cgroup.events"))
	if err != nil {
		return err
	}
	defer events.Close()
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		text, err := io.ReadAll(io.NewSectionReader(events, 0, 4096))
		if err != nil {
			return err
		}
		if strings.Contains(string(text), line) {
			return nil
		}
		poll := []unix.PollFd{{Fd: int32(events.Fd()), Events: unix.POLLPRI}}
		if _, err := unix.Poll(poll, recheck); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for %s: %w", events.Name(), err)
		}
	}
	return fmt.Errorf("%s is still busy after %s: waited for %q in cgroup.events", g.Path, limit, line)
}

// has tells whether cgroup.events has a line now.
func (g *Group) has(line string) (bool, error) {
	text, err := os.ReadFile(filepath.Join(g.Path, "cgroup.events"))
	return strings.Contains(string(text), line), err
}

// Alive tells whether there is a process in the group, or in one below it.
func (g *Group) Alive() (bool, error) { return g.has("populated 1") }

// Frozen tells whether the group is paused.
func (g *Group) Frozen() (bool, error) { return g.has("frozen 1") }
