package engine

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"drydock/final/wire"
	"drydock/internal/cover"
	"drydock/internal/record"
)

// socket is the name of a supervisor's socket, in the container's folder.
const socket = "supervisor"

// Listen is the supervisor's: it listens where Reach connects.
func (e *Engine) Listen(id string) (*net.UnixListener, error) {
	return wire.Listen(e.Containers.Dir(id), socket)
}

// A NotRunning is the error for a container that would have to run.
type NotRunning struct{ Ref string }

// Error is part of error.
func (n NotRunning) Error() string { return fmt.Sprintf("container %s is not running", n.Ref) }

// Reach connects to the supervisor of a container: if it has none, that is a NotRunning.
func (e *Engine) Reach(r record.Record) (*wire.Conn, error) {
	conn, err := wire.Dial(e.Containers.Dir(r.ID), socket)
	if err != nil && !r.Owner.Alive() || errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, NotRunning{r.ID}
	}
	return conn, err
}

// Supervise starts a supervisor for a container, which is told on the connection that is returned to attach or to start, and answers
// there. It is a session of its own: what becomes of us is nothing to it.
func (e *Engine) Supervise(r record.Record) (*wire.Conn, error) {
	conn, theirs, err := wire.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	defer null.Close()
	cmd := exec.Command("/proc/self/exe", "--root", e.Root, "--config", e.ConfigFile, "supervise", r.ID)
	cmd.Env = append(cover.Env(), environment()...)
	cmd.Dir = "/" // it keeps no file system busy
	cmd.Stdin, cmd.Stdout, cmd.Stderr = null, null, null
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a supervisor: %w", err), conn.Close())
	}
	return conn, cmd.Process.Release()
}

// environment is what a supervisor needs of ours.
func environment() (env []string) {
	for _, name := range []string{"DRYDOCK_CGROUP_PARENT", "PATH"} {
		if value, isSet := os.LookupEnv(name); isSet {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Order sends one order to the supervisor of a container, and waits until it is done.
func (e *Engine) Order(r record.Record, order wire.Request) (reply wire.Reply, err error) {
	conn, err := e.Reach(r)
	if err != nil {
		return reply, err
	}
	defer conn.Close()
	if err := conn.Send(order); err != nil {
		return reply, err
	}
	err = conn.Receive(&reply)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return reply, NotRunning{r.ID} // it has ended meanwhile
	}
	if err == nil && reply.Failure != "" {
		err = errors.New(reply.Failure)
	}
	return reply, err
}

// LogFile is where a container's output is.
func (e *Engine) LogFile(id string) string { return filepath.Join(e.Containers.Dir(id), "log") }
