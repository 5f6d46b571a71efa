package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newTerminal makes a pseudoterminal (pty(7)) of 30 lines and 100 columns and
// returns the end of whoever types, and that of the program.
func newTerminal(t *testing.T) (typist, program *os.File) {
	t.Helper()
	typist, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(typist.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 30, Col: 100}); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return typist, program
}

// screen collects what the program prints, and waits for words in it.
type screen struct {
	text  string
	lines chan string
}

func watch(typist io.Reader) *screen {
	s := &screen{lines: make(chan string)}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := typist.Read(buffer)
			if err != nil {
				close(s.lines)
				return
			}
			s.lines <- string(buffer[:n])
		}
	}()
	return s
}

func (s *screen) waitFor(t *testing.T, words string) {
	t.Helper()
	deadline := time.After(bootLimit)
	for !strings.Contains(s.text, words) {
		select {
		case more, ok := <-s.lines:
			if !ok {
				t.Fatalf("the terminal closed before %q:\n%s", words, s.text)
			}
			s.text += more
		case <-deadline:
			t.Fatalf("no %q on the terminal:\n%s", words, s.text)
		}
	}
	_, s.text, _ = strings.Cut(s.text, words)
}

// TestBootShell uses a shell in the VM as a person would.
func TestBootShell(t *testing.T) {
	requireGuest(t)
	binary := filepath.Join(t.TempDir(), "testvm")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	typist, program := newTerminal(t)
	before, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "shell")
	cmd.Env = append(os.Environ(), "TERM=unheard-of")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := watch(typist)
	typing := func(keys string) {
		if _, err := io.WriteString(typist, keys); err != nil {
			t.Fatal(err)
		}
	}
	s.waitFor(t, "Three commands to try")
	s.waitFor(t, "# ")
	typing("stty size; echo $TERM; tty\r")
	s.waitFor(t, "30 100\r\nxterm\r\n/dev/hvc0\r\n")
	typing("sh -c 'echo wait\"\"ing; exec sleep 1000'\r")
	s.waitFor(t, "waiting")
	typing("\x03") // Ctrl-C, for sleep in the guest and not for testvm
	s.waitFor(t, "# ")
	typing("echo status $?; exit 9\r")
	s.waitFor(t, "status 130")
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("testvm shell ended with %v, want 9", err)
	}
	after, err := unix.IoctlGetTermios(int(program.Fd()), unix.TCGETS)
	if err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("the terminal was %v and is %v, %v", before, after, err)
	}
}
