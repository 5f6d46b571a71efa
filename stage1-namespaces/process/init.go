package process

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/internal/cover"
	"drydock/internal/kernel"
)

// report is one message from init to its parent: a step it is about to take; that all
// is done but the last, execve(2); or what kept it from becoming the user's program.
type report struct {
	Step    *kernel.Step `json:",omitempty"`
	Ready   bool         `json:",omitempty"`
	Failure *Failure     `json:",omitempty"`
}

// The two pipes, as descriptors of init: behind standard input, output and error.
const (
	configFD = 3
	reportFD = 4
)

// FirstFile is the descriptor that the first of a command's ExtraFiles has in init.
const FirstFile = 5

// A Reporter is init's line to its parent. Becoming the program closes it.
type Reporter struct {
	pipe *json.Encoder
}

// Receive is the first thing that init does: it blocks until the parent has sent
// the whole configuration, and decodes it into config. If the parent has died, the
// pipe ends early, and that is an error: without it there is nobody to run for.
func Receive(config any) (*Reporter, error) {
	// A signal from the terminal must not end init half-way. Once it is the program,
	// handlers are gone, and the parent passes on what came in the meantime.
	signal.Notify(make(chan os.Signal, 1), forwarded...)
	in, out := os.NewFile(configFD, "configuration"), os.NewFile(reportFD, "report")
	defer in.Close()
	if err := json.NewDecoder(in).Decode(config); err != nil {
		return nil, fmt.Errorf("no configuration on descriptor %d: %w: init is started by run, not by hand", configFD, err)
	}
	return &Reporter{pipe: json.NewEncoder(out)}, nil
}

// Step tells the parent about a system call, for --explain: printed here, it would
// be part of the container's output.
func (r *Reporter) Step(s kernel.Step) {
	// If the parent is gone there is nobody to tell, and we are about to be killed.
	_ = r.pipe.Encode(report{Step: &s})
}

// Fail tells the parent why there will be no container.
func (r *Reporter) Fail(err error) {
	// As in Step. The exit code then tells as much as it can.
	_ = r.pipe.Encode(report{Failure: &Failure{Text: err.Error(), Code: ExitCode(err)}})
}

// Become is the last thing that init does: it turns into the user's program, which so
// has init's pid. It returns only with an error.
func (r *Reporter) Become(p Program) error {
	if err := kernel.MkdirAll("the working directory is made if the root has none", p.Dir, 0o755); err != nil {
		return err
	}
	if err := kernel.Chdir("the program starts in its working directory", p.Dir); err != nil {
		return err
	}
	kernel.Umask("init wanted exact modes, a program expects the usual mask", 0o022)
	if err := dropFiles(); err != nil {
		return err
	}
	file, err := look(p.Args[0], p.Env)
	if err != nil {
		return err
	}
	if err := becomeUser(p); err != nil {
		return err
	}
	// After that: to change the user takes the wish back. prctl(2).
	if err := r.dieWithParent(); err != nil {
		return err
	}
	cover.Write()
	return failure(kernel.Exec("init becomes the user's program and keeps its pid", file, p.Args, p.Env))
}

// becomeUser gives up being root, if the program is to run as another user. The groups go
// first: afterwards there is no right to change them.
func becomeUser(p Program) error {
	uid, gid, err := p.ids()
	if err != nil || p.User == "" {
		return err
	}
	if err := kernel.Setgroups("root's further groups are not the user's", append([]int{gid}, p.Groups...)); err != nil {
		return err
	}
	if err := kernel.Setgid("the group", gid); err != nil {
		return err
	}
	return kernel.Setuid("and the user, who is not root any more", uid)
}

// dieWithParent asks, for this thread, for the signal that Start's Pdeathsig asked for
// on init's first thread: the wish belongs to a thread, Go moves goroutines between
// threads, and it is the calling thread's that survives execve(2). If the parent died
// before, the pipe to it is broken, and so is the container.
// A program that changes its user id loses the wish again: prctl(2).
func (r *Reporter) dieWithParent() error {
	runtime.LockOSThread()
	err := kernel.Prctl("if stage1 is killed, so is the program", unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	if err != nil {
		return err
	}
	return r.pipe.Encode(report{Ready: true})
}

// dropFiles has execve(2) close every open file but the standard three: what the
// caller of run happened to have open is no business of the container. Linux 5.11.
func dropFiles() error {
	return kernel.CloseRange("no open file of the host goes along", 3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
}
