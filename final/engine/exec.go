package engine

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"drydock/final/console"
	"drydock/final/container"
	"drydock/internal/record"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage2-cgroups/cgroup"
)

// An Entry is one more program for a container.
type Entry struct {
	Args     []string
	Env      []string // beside the container's
	Dir      string   // the container's working directory if empty
	User     string   // and the container's user
	TTY      bool
	Size     [2]uint
	Terminal func(*os.File) // is given the other end of the terminal, before the program runs
	Started  func()         // is called when the program runs; may be nil

	Stdin, Stdout, Stderr *os.File // unless it has a terminal
}

// Exec runs a program in a container that runs: with its namespaces, under its limits, as its user and with its variables unless others
// are said. It returns the exit code. The program is a child of whoever calls, and outlives him.
func (e *Engine) Exec(r record.Record, n Entry) (code int, err error) {
	c, err := container.Of(r)
	if err != nil {
		return 126, err
	}
	cmd := &exec.Cmd{Args: n.Args, SysProcAttr: &syscall.SysProcAttr{}}
	if !n.TTY {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = n.Stdin, n.Stdout, n.Stderr
	}
	inside, leave, err := e.enter(r, c)
	if err != nil {
		return 126, err
	}
	defer leave()
	ended := e.tellExec(r, n.Args)
	code, err = process.Exec(cmd, func(start func() error) error {
		return inside(func() error {
			ours, err := n.prepare(cmd, c)
			if err != nil {
				return err
			}
			defer ours.Close() // the program has it: its end is the end of what comes
			if err := start(); err != nil || n.Started == nil {
				return err
			}
			n.Started()
			return nil
		})
	})
	if err == nil {
		ended(code)
	}
	return code, err
}

// Enter returns a function that calls others within a container: on a thread that sees what the container sees, while this
// process is in its cgroup. leave lets go of it.
func (e *Engine) enter(r record.Record, c container.Config) (inside func(func() error) error, leave func(), err error) {
	if !r.IsRunning() {
		return nil, nil, NotRunning{r.ID}
	}
	group, err := cgroup.Find(c.Resources.Parent(c.Parent), r.ID)
	if err != nil {
		return nil, nil, err
	}
	defer group.Close()
	if frozen, err := group.Frozen(); err != nil {
		return nil, nil, err
	} else if frozen { // it would freeze us too
		return nil, nil, fmt.Errorf("Container %s is paused, unpause the container before exec", r.Name) //nolint:staticcheck // Docker's words
	}
	if err := group.AwaitStarted(); err != nil {
		return nil, nil, err
	}
	target, err := namespace.Hold(r.Init.Pid)
	if err != nil {
		return nil, nil, err
	}
	if !r.IsRunning() { // or what we hold may be another by now
		target.Close()
		return nil, nil, NotRunning{r.ID}
	}
	door, err := group.Door()
	if err != nil {
		target.Close()
		return nil, nil, err
	}
	inside = func(f func() error) error {
		return target.Inside(func() error { return door.Within(f) })
	}
	return inside, func() { door.Close(); target.Close() }, nil
}

// prepare is called inside: there it is known who the user is, and there is its terminal, of which it returns the program's end.
func (n Entry) prepare(cmd *exec.Cmd, c container.Config) (*os.File, error) {
	user, err := c.Find(cmp.Or(n.User, c.User))
	if err != nil {
		return nil, err
	}
	cmd.Env, cmd.Dir = c.Environment(user.Home, n.TTY, n.Env), cmp.Or(n.Dir, c.Program.Dir)
	if _, err := os.Stat(cmd.Dir); err != nil {
		return nil, &process.Failure{Text: fmt.Sprintf("chdir to cwd (%q) set in config.json failed: %v", cmd.Dir, errors.Unwrap(err)), Code: 127}
	}
	cmd.SysProcAttr.Credential = user.Credential()
	if !n.TTY {
		return nil, nil //nolint:nilnil // to close no file is fine
	}
	master, slave, err := console.Open()
	if err != nil {
		return nil, err
	}
	if n.Size[0] != 0 {
		if err := console.Resize(master, n.Size); err != nil {
			return nil, err
		}
	}
	if err := slave.Chown(user.UID, -1); err != nil {
		return nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	n.Terminal(master)
	return slave, nil
}
