package kit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Transcripts runs the transcripts of a chapter, so that they cannot go stale: its
// fenced blocks of language console.
//
//	```console
//	# stage1 run $ROOTFS /bin/sh
//	/ # hostname
//	box
//	/ # exit
//	# ls /proc | wc -l
//	…
//	```
//
// A line that begins with "# " is a command run as root, "$ " one run as a plain
// user (learner, or nobody where there is none). The commands of a block are run by
// one bash, in order, all as the same user; all blocks of a file in one folder, where
// no network but lo is, and $ROOTFS names a busybox root. A line that begins with
// "/ # " is typed into the standard input of the command before.
//
// The other lines are what the command prints, on stdout and stderr together. In
// them … stands for any text in a line, and a line of just … for any lines. Blanks
// at the end of a line do not count.
//
// A block marked "```console vm" is run only in the VM, when what it shows exists
// only there.
func Transcripts(t *testing.T, file string) {
	t.Helper()
	needRoot(t)
	transcripts, err := readTranscripts(file)
	if err != nil {
		t.Fatal(err)
	}
	enclose(t, filepath.Join(workFolder(t), "chapter"), parentGroup, settleTime, func(p place) {
		if err := os.Chmod(p.work, 0o777); err != nil { // for the plain user
			t.Fatal(err)
		}
		for _, tr := range transcripts {
			if tr.onlyVM && !inVM() {
				t.Logf("%s:%d: this transcript is for the VM", file, tr.line)
				continue
			}
			for _, complaint := range tr.run(t, p) {
				t.Errorf("%s:%s", file, complaint)
			}
		}
	})
}

// A transcript is one block.
type transcript struct {
	line   int
	root   bool // the prompt was #
	onlyVM bool
	steps  []step
}

// A step is one command with what belongs to it.
type step struct {
	line    int
	command string
	typed   []string // into its standard input
	want    []string // lines of output
}

func readTranscripts(file string) ([]transcript, error) {
	blocks, err := readBlocks(file)
	if err != nil {
		return nil, err
	}
	var all []transcript
	for _, b := range blocks {
		if !b.is("console") {
			continue
		}
		tr, err := parseTranscript(b)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", file, err)
		}
		all = append(all, tr)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no block of language console", file)
	}
	return all, nil
}

// parseTranscript reads one block. Its errors begin with a line number.
func parseTranscript(b block) (transcript, error) {
	tr := transcript{line: b.line}
	for _, word := range b.info[1:] {
		if word != "vm" {
			return tr, fmt.Errorf("%d: %q says nothing to a transcript, only vm does", b.line-1, word)
		}
		tr.onlyVM = true
	}
	for i, text := range b.lines {
		line := b.line + i
		command, root := strings.CutPrefix(text, "# ")
		if !root {
			command, _ = strings.CutPrefix(text, "$ ")
		}
		if prompt := command != text; prompt {
			if len(tr.steps) == 0 {
				tr.root = root
			}
			if tr.root != root {
				return tr, fmt.Errorf("%d: one block, one user: begin another", line)
			}
			tr.steps = append(tr.steps, step{line: line, command: command})
			continue
		}
		if len(tr.steps) == 0 {
			return tr, fmt.Errorf("%d: a transcript begins with a command after \"# \" or \"$ \"", line)
		}
		last := &tr.steps[len(tr.steps)-1]
		if typed, ok := strings.CutPrefix(text, "/ # "); ok {
			last.typed = append(last.typed, typed)
		} else {
			last.want = append(last.want, text)
		}
	}
	if len(tr.steps) == 0 {
		return tr, fmt.Errorf("%d: this transcript is empty", b.line-1)
	}
	return tr, nil
}

// separator is printed between the outputs of two commands: the ASCII character
// for just this.
const separator = "\x1e"

// script returns the block as a bash script. Between two commands it prints the
// separator, and keeps the status, which the next command may ask for by $?.
func (tr transcript) script() string {
	var b strings.Builder
	b.WriteString("__next() { set -- $?; printf '\\036'; return $1; }\n")
	for _, s := range tr.steps {
		if s.typed == nil {
			fmt.Fprintf(&b, "%s\n__next\n", s.command)
			continue
		}
		fmt.Fprintf(&b, "{ %s\n} <<'__TYPED__'\n%s\n__TYPED__\n__next\n", s.command, strings.Join(s.typed, "\n"))
	}
	return b.String()
}

// run runs the block and returns what it finds wrong, each with its line.
func (tr transcript) run(t *testing.T, p place) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", tr.script())
	cmd.Dir = p.work
	cmd.Env = append(p.env(), "HOME=/root", "USER=root")
	cmd.WaitDelay = time.Second
	if !tr.root {
		if err := asPlainUser(cmd); err != nil {
			t.Fatal(err)
		}
	}
	// Statuses are not part of a transcript, and a bash that could not be started
	// has no output.
	out, err := cmd.CombinedOutput()
	complaints := tr.compare(string(out))
	if ctx.Err() != nil || len(complaints) > 0 && err != nil {
		complaints = append(complaints, fmt.Sprintf("%d: its bash ended so: %v", tr.line, err))
	}
	return complaints
}

// compare holds the output of the whole block against what its steps say.
func (tr transcript) compare(out string) []string {
	var complaints []string
	parts := strings.Split(out, separator)
	for i, s := range tr.steps {
		var got []string
		if i < len(parts) {
			got = splitLines(parts[i])
		}
		if matchLines(trimLines(s.want), got) {
			continue
		}
		complaints = append(complaints, fmt.Sprintf("%d: %s\nwant:\n%sgot:\n%s",
			s.line, s.command, indent(trimLines(s.want)), indent(got)))
	}
	return complaints
}

// asPlainUser makes a command run as learner, or as nobody.
func asPlainUser(cmd *exec.Cmd) error {
	cred, name, home := &syscall.Credential{Uid: 65534, Gid: 65534}, "nobody", "/"
	if u, err := user.Lookup("learner"); err == nil {
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return err
		}
		cred.Uid, cred.Gid, name, home = uint32(uid), uint32(gid), u.Username, u.HomeDir
	}
	cmd.Env = append(cmd.Env, "HOME="+home, "USER="+name)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	return nil
}
