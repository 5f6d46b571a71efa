package compare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// An answer is what a tool made of a line.
type answer struct {
	Section string `json:"section"`
	Line    string `json:"line"`
	Code    int    `json:"code"`
	Stdout  string `json:"stdout"`
	Stderr  string `json:"stderr"`
}

// key names the line among all.
func (a answer) key() string { return a.Section + ": " + a.Line }

// A tool is one of the two that are compared.
type tool struct {
	program string   // what $D stands for
	env     []string // besides the folder, and what is the same for both
}

const (
	lineLimit  = 60 * time.Second // of one line, which none comes near
	closeLimit = 5 * time.Second  // how long output may stay open when the line has ended
)

// ask runs a line in a folder. That it takes too long, or leaves its output open, is part of the answer.
func (t tool) ask(dir, text string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lineLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", text) //nolint:gosec // running lines is what it is for
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), t.env...)
	cmd.Env = append(cmd.Env, "D="+t.program, "HOME="+dir, "DOCKER_CONFIG="+dir+"/.docker", "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = closeLimit
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(&stderr, "(it still ran after %v)\n", lineLimit)
	case errors.Is(err, exec.ErrWaitDelay):
		stderr.WriteString("(something that it left holds its output open)\n")
	case err != nil && !errors.As(err, &ended):
		return answer{}, fmt.Errorf("run %q: %w", text, err)
	}
	return answer{
		Line: text, Code: cmd.ProcessState.ExitCode(),
		Stdout: normal(stdout.String(), dir), Stderr: normalError(stderr.String(), dir),
	}, nil
}

// askAll runs a section's lines in a folder. It fails where a line that sets up does.
func (t tool) askAll(s section, dir string) ([]answer, error) {
	var answers []answer
	for _, l := range s.lines {
		a, err := t.ask(dir, l.text)
		if err != nil {
			return nil, err
		}
		a.Section = s.name
		switch {
		case !l.sets:
			answers = append(answers, a)
		case a.Code != 0:
			return answers, fmt.Errorf("set up with %q: status %d: %s", l.text, a.Code, strings.TrimSpace(a.Stderr))
		}
	}
	return answers, nil
}

// clear removes what sections leave.
const clear = `$D ps -aq | xargs -r $D rm -fv && $D volume prune -af && $D network prune -f && $D image prune -af`
