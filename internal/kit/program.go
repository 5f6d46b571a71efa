package kit

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// waitLimit is how long a script waits for what must happen: emulated, on a machine with much
// else to do, the first container with a network waits half a minute for the kernel's modules.
func waitLimit() time.Duration {
	if inVM() {
		return 2 * time.Minute
	}
	return 30 * time.Second
}

// A launch is all that a command needs to be run, once or often.
type launch struct {
	path  string
	args  []string
	dir   string
	env   []string
	stdin []byte
}

// prepare makes a launch of a script's command. testscript keeps a script's
// environment and what stdin FILE set to itself, but a program that it runs has both:
// so a shell is run that writes them down.
func prepare(ts *testscript.TestScript, args []string) launch {
	tmp := ts.Getenv("TMPDIR")
	envFile, stdinFile := filepath.Join(tmp, "env"), filepath.Join(tmp, "stdin")
	ts.Check(ts.Exec("sh", "-c", `env -0 >"$0"; exec cat >"$1"`, envFile, stdinFile))
	env, err := os.ReadFile(envFile)
	ts.Check(err)
	stdin, err := os.ReadFile(stdinFile)
	ts.Check(err)
	path, err := lookPath(ts, args[0])
	ts.Check(err)
	return launch{
		path:  path,
		args:  args,
		dir:   ts.MkAbs("."),
		env:   strings.Split(strings.TrimSuffix(string(env), "\x00"), "\x00"),
		stdin: stdin,
	}
}

// lookPath finds a program as a shell does, on the script's PATH.
func lookPath(ts *testscript.TestScript, name string) (string, error) {
	if strings.Contains(name, "/") {
		return ts.MkAbs(name), nil
	}
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: not found on the script's PATH", name)
}

func (l launch) command() *exec.Cmd {
	return &exec.Cmd{
		Path:  l.path,
		Args:  l.args,
		Dir:   l.dir,
		Env:   l.env,
		Stdin: bytes.NewReader(l.stdin),
		// What the program leaves behind may hold its output open for ever.
		WaitDelay: time.Second,
	}
}

// run runs the command to its end, or kills it at the limit.
func (l launch) run(ts *testscript.TestScript, limit time.Duration) *program {
	p, err := startProgram(l.command())
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	select {
	case <-p.done:
	case <-ctx.Done():
		_ = p.cmd.Process.Kill() // or it has just ended
		<-p.done
	}
	return p
}

// A program is a running command, with its output so far.
type program struct {
	cmd            *exec.Cmd
	stdout, stderr output
	done           chan struct{} // closed when it has ended
	err            error         // how, once done is closed
	terminal       *terminal     // or nil
}

func startProgram(cmd *exec.Cmd) (*program, error) {
	p := &program{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.stdout, &p.stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *program) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// show makes the program's output that of the current script line.
func (p *program) show(ts *testscript.TestScript) {
	fmt.Fprint(ts.Stdout(), p.stdout.String())
	fmt.Fprint(ts.Stderr(), p.stderr.String())
}

// isTested tells whether a command line runs the program under test, itself or
// through another: su learner -c 'stage1 run …'.
func (sc *script) isTested(args []string) bool {
	for _, word := range strings.Fields(strings.Join(args, " ")) {
		if filepath.Base(word) == sc.name {
			return true
		}
	}
	return false
}

// awaitInit waits until the program under test has made a process that runs another
// program, and returns its pid; or nothing, if the program has ended before.
func (sc *script) awaitInit(ts *testscript.TestScript, name string, p *program) string {
	file, err := os.Stat(sc.bin)
	ts.Check(err)
	pid, found := 0, false
	poll(sc.limit, func() bool {
		pid, found = containerInit(p.cmd.Process.Pid, file)
		return found || p.ended()
	})
	switch {
	case found:
		return strconv.Itoa(pid)
	case p.ended():
		return ""
	}
	p.show(ts)
	ts.Fatalf("%s has no process that runs another program after %v", name, sc.limit)
	return ""
}

// end ends what a script that broke off could not. One that came to its end must
// have ended its programs itself: the snapshot sees those that it forgot.
func (sc *script) end() {
	for name := range sc.servers {
		sc.hush(name)
	}
	if sc.t.Failed() || sc.t.Skipped() {
		sc.kill()
	}
}

// after takes away what programs have made that is meant to stay.
func (sc *script) after() {
	if sc.clear == "" {
		return
	}
	if out, err := exec.Command("sh", "-c", sc.clear).CombinedOutput(); err != nil {
		sc.t.Errorf("take away what is meant to stay: %v: %s", err, out)
	}
}

// kill kills everything that this test process has started, directly or not.
func (sc *script) kill() {
	table, err := processes()
	if err != nil {
		sc.t.Error(err)
	}
	for _, p := range descendants(table, os.Getpid()) {
		_ = unix.Kill(p.pid, unix.SIGKILL) // it may have ended by itself
	}
}

// output is a buffer that is read while it is being written.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
