package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/final/mounts/point"
	"drydock/final/networks/connect"
	"drydock/final/networks/publish"
	"drydock/internal/kernel"
	"drydock/internal/record"
	"drydock/internal/undo"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/usage"
)

// A Session is what a container's supervisor has for one run of it.
type Session struct {
	Stdin, Stdout, Stderr *os.File            // of the program, unless it has a terminal
	Terminal              func(*os.File)      // is given the other end of that
	Started               func(pid int) error // the program runs
}

// An order is what the parent sends to init.
type order struct {
	container.Config
	Points []point.Point
	Handed handed
}

// Run is the parent's side: it starts a container that has a record, waits for its end and returns its exit code; ran tells whether
// its program has run. All that it makes, but the container's own files, is gone afterwards. It keeps the calling
// goroutine's thread, with which the container would die.
func (e *Engine) Run(c container.Config, points []point.Point, s Session) (code int, ran bool, err error) {
	var cleanup undo.Stack
	defer func() { err = errors.Join(err, cleanup.Run()) }()
	ctx, end := context.WithCancel(context.Background())
	defer end()
	held, err := e.hold(record.Record{ID: c.ID, Name: c.Name})
	if err != nil {
		return 125, false, err
	}
	defer held.Close() // the second time it is closed already

	mounted := point.Mounted(points)
	e.tellMounts(c, mounted)
	cleanup.Add(func() error { e.tellUnmounts(c, mounted); return nil })
	p, err := e.prepare(c, &cleanup)
	if err != nil {
		return 125, false, err
	}
	c.Program.Env = container.Replace(p.linked, c.Program.Env)
	child, inherited, err := e.launch(c, mounted, p.group, s)
	if err != nil {
		return 125, false, err
	}
	defer inherited.closeConsole()
	cleanup.Add(child.Kill)

	if err := c.Resources.Apply(child.Pid()); err != nil {
		return 125, false, err
	}
	if err := e.noteRun(c, child.Pid(), p.held.Mappings); err != nil {
		return 125, false, err
	}
	if err := e.plug(ctx, child.Pid(), c, p.places, p.held); err != nil {
		return 125, false, err
	}
	if err := child.Release(order{c, mounted, inherited.handed}); err != nil {
		return process.ExitCode(err), false, errors.Join(c.Namespace.Remedy(err), usage.OutOfMemory(p.group.Path))
	}
	if err := errors.Join(e.noteFilled(c, points), p.group.Started(), s.show(inherited.console)); err != nil {
		return 125, false, err
	}
	held.Close()
	e.tellNetworks("connect", c, p.places)
	if err := s.Started(child.Pid()); err != nil {
		return 125, false, err
	}
	code, err = child.Wait()
	return code, true, errors.Join(err, e.noteMemory(c, p.group))
}

// Parts are what a container has before it has a process.
type parts struct {
	held   *publish.Held // ports of the host's
	group  *cgroup.Group
	places []connect.Place
	linked []string // variables that other containers have told it
}

// prepare makes all that needs no process yet.
func (e *Engine) prepare(c container.Config, cleanup *undo.Stack) (p parts, err error) {
	if c.HasBridge() {
		p.held, err = publish.Open(c.Ports, e.usualBinding(c))
	} else { // nobody would come that way
		p.held, err = publish.Open(nil, e.usualBinding(c))
	}
	if err != nil {
		return p, fmt.Errorf("failed to set up container networking: driver failed programming external connectivity on endpoint %s (%s): %w", c.Name, c.ID, err)
	}
	cleanup.Add(p.held.Close)
	driver, err := e.driver(c.Storage)
	if err != nil {
		return p, err
	}
	if err := driver.Prepare(c.Overlay); err != nil {
		return p, err
	}
	limits, err := c.Resources.Limits()
	if err != nil {
		return p, err
	}
	if p.group, err = cgroup.Create(c.Resources.Parent(c.Parent), c.ID, limits); err != nil {
		return p, err
	}
	cleanup.Add(p.group.Remove)
	if p.places, p.linked, err = e.reserve(c, p.held); err != nil {
		return p, err
	}
	cleanup.Add(func() error { return e.leaveAll(c) })
	return p, nil
}

// launch starts the container's first process, which then waits: it has its namespaces and is in its cgroup, but has touched nothing
// yet.
func (e *Engine) launch(c container.Config, mounted []point.Point, group *cgroup.Group, s Session) (*process.Child, inheritance, error) {
	cmd := process.Command(c.Namespace.SysProcAttr())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.Stdin, s.Stdout, s.Stderr
	group.Into(cmd)
	inherited, err := e.inherit(c, mounted)
	if err != nil {
		return nil, inherited, err
	}
	cmd.ExtraFiles = inherited.files
	child, err := e.inPIDNamespace(c, cmd)
	inherited.close() // the child has them
	if err != nil {
		inherited.closeConsole()
		return nil, inherited, c.Namespace.Remedy(err)
	}
	return child, inherited, nil
}

// inPIDNamespace starts a process in the PID namespace of another container, if it is to be in that: there it is born, as nobody
// can move to one.
func (e *Engine) inPIDNamespace(c container.Config, cmd *exec.Cmd) (*process.Child, error) {
	ref, isOthers := container.Other(c.PID)
	if !isOthers {
		return process.Start(cmd)
	}
	// Nobody in there sees us: Go would have the child take that for our death. Init asks for this signal once more, at its end.
	cmd.SysProcAttr.Pdeathsig = 0
	theirs, err := e.openNamespace(ref, "pid")
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	ours, err := os.Open("/proc/self/ns/pid")
	if err != nil {
		return nil, err
	}
	defer ours.Close()
	runtime.LockOSThread() // what is said here is about this thread's children
	defer runtime.UnlockOSThread()
	if err := kernel.Setns("the processes are another container's", int(theirs.Fd()), unix.CLONE_NEWPID); err != nil {
		return nil, err
	}
	child, err := process.Start(cmd)
	return child, errors.Join(err, kernel.Setns("other children are born here again", int(ours.Fd()), unix.CLONE_NEWPID))
}
