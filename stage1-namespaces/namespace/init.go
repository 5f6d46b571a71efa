package namespace

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/internal/cover"
	"drydock/internal/flags"
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

// A Failure is the reason why a container did not start, with the exit code that
// Docker has for it: 125 for the engine's own, 126 for a command that cannot be
// run, 127 for one that is not there.
type Failure struct {
	Text string
	Code int
}

// Error is the reason.
func (f *Failure) Error() string { return f.Text }

// ExitCode is Docker's exit code for an error of this package or any other.
func ExitCode(err error) int {
	var f *Failure
	if errors.As(err, &f) {
		return f.Code
	}
	return 125
}

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

// A Process is what the container is to run.
type Process struct {
	Args []string // the program and its arguments
	Env  []string // KEY=VALUE, all of them: nothing of the host's environment is added
	Dir  string   // the working directory, made if it is missing
}

// ProcessFlags are the flags that fill a Process.
func ProcessFlags(p *Process) []flags.Flag {
	return []flags.Flag{
		{Name: "env", Short: "e", Value: flags.List{To: &p.Env}, Usage: "set `NAME=VALUE`, or NAME as it is here"},
		{Name: "workdir", Short: "w", Value: flags.String{To: &p.Dir}, Usage: "working `DIR` inside the container"},
	}
}

// Complete adds to p what every container has, and refuses what cannot be.
func (p *Process) Complete(hostname string) error {
	if p.Dir == "" {
		p.Dir = "/"
	}
	if !path.IsAbs(p.Dir) {
		return fmt.Errorf("the working directory %q is invalid, it needs to be an absolute path", p.Dir)
	}
	env := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"}
	if hostname != "" {
		env = append(env, "HOSTNAME="+hostname)
	}
	for _, variable := range p.Env {
		name, _, hasValue := strings.Cut(variable, "=")
		if name == "" {
			return fmt.Errorf("--env %q has no name: give NAME=VALUE", variable)
		}
		value, here := os.LookupEnv(name)
		if hasValue {
			env = append(env, variable)
		} else if here {
			env = append(env, name+"="+value)
		}
	}
	p.Env = (&exec.Cmd{Env: env}).Environ() // of two values for one name the later stays
	return nil
}

// Become is the last thing that init does: it turns into the user's program, which so
// has init's pid. It returns only with an error.
func (r *Reporter) Become(p Process) error {
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
	file, err := look(p)
	if err != nil {
		return err
	}
	if err := r.dieWithParent(); err != nil {
		return err
	}
	cover.Write()
	return failure(kernel.Exec("init becomes the user's program and keeps its pid", file, p.Args, p.Env))
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

// look finds the program's file as a shell would: along the PATH of the container,
// in the root directory of the caller, which is the container's by now.
func look(p Process) (string, error) {
	for _, variable := range p.Env {
		if value, found := strings.CutPrefix(variable, "PATH="); found {
			os.Setenv("PATH", value) // of this process, which is about to be replaced
		}
	}
	file, err := exec.LookPath(p.Args[0])
	return file, failure(err)
}

// failure gives an error of finding or executing a program its exit code.
func failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return &Failure{Text: err.Error(), Code: 127}
	}
	return &Failure{Text: err.Error(), Code: 126}
}
