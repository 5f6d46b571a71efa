package kit

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// A terminal is what a program of a script has for its standard files, and somebody who sits at it. See pty(7).
type terminal struct {
	master *os.File
	seen   int // how much of what is on the screen has been looked at
}

// cmdTerminal is start on a terminal; with -init for a program that runs another one, whose pid is wanted.
func cmdTerminal(ts *testscript.TestScript, sc *script, args []string) {
	inside := len(args) > 0 && args[0] == "-init"
	if inside {
		args = args[1:]
	}
	if len(args) < 2 || !isName(args[0]) {
		ts.Fatalf("usage: terminal [-init] name cmd args...")
	}
	name, args := args[0], args[1:]
	if sc.programs[name] != nil {
		ts.Fatalf("%s is already started", name)
	}
	p, err := startOnTerminal(prepare(ts, args).command())
	ts.Check(err)
	sc.programs[name] = p
	ts.Setenv(name, strconv.Itoa(p.cmd.Process.Pid))
	if inside {
		ts.Setenv(name+"_INIT", sc.awaitInit(ts, name, p))
	}
}

// startOnTerminal starts a program on a terminal of 24 rows and 80 columns. What it prints on its screen is its output.
func startOnTerminal(cmd *exec.Cmd) (*program, error) {
	master, slave, err := openTerminal()
	if err != nil {
		return nil, err
	}
	defer slave.Close()
	p := &program{cmd: cmd, done: make(chan struct{}), terminal: &terminal{master: master}}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		master.Close()
		return nil, err
	}
	go func() {
		buffer := make([]byte, 32<<10)
		for {
			n, err := master.Read(buffer)
			_, _ = p.stdout.Write(buffer[:n]) // it never fails
			if err != nil {
				break // EIO: nobody has it open any more
			}
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

func openTerminal() (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0); err != nil {
		return nil, nil, err
	}
	number := 0
	err = ioctl(master, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return err
	})
	if err == nil {
		err = resize(master, 24, 80)
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		master.Close()
	}
	return master, slave, err
}

// ioctl leaves the file as it is: what Fd returns would block its readers.
func ioctl(file *os.File, do func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if failed := raw.Control(func(fd uintptr) { err = do(int(fd)) }); failed != nil {
		return failed
	}
	return err
}

func resize(master *os.File, rows, columns uint16) error {
	return ioctl(master, func(fd int) error {
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns})
	})
}

// at returns the program called name, which must have a terminal.
func (sc *script) at(ts *testscript.TestScript, name string) *program {
	p := sc.programs[name]
	if p == nil || p.terminal == nil {
		ts.Fatalf("%s has not been started on a terminal", name)
	}
	return p
}

// cmdType types text, in which keys are written as in Go: \r, \x03.
func cmdType(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: type name text")
	}
	keys, err := strconv.Unquote(`"` + strings.ReplaceAll(args[1], `"`, `\"`) + `"`)
	ts.Check(err)
	_, err = sc.at(ts, args[0]).terminal.master.WriteString(keys)
	ts.Check(err)
}

// cmdScreen waits until something is on the screen, behind what screen has found before.
func cmdScreen(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: screen name regexp")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	p, there := sc.at(ts, args[0]), false
	poll(sc.limit, func() bool {
		ended := p.ended()
		where := pattern.FindStringIndex(p.stdout.String()[p.terminal.seen:])
		if there = where != nil; there {
			p.terminal.seen += where[1]
		}
		return there || ended
	})
	if !there {
		text := p.stdout.String()[p.terminal.seen:]
		ts.Fatalf("%q is not on the screen of %s, which ends with %q", args[1], args[0], text[max(0, len(text)-500):])
	}
}

// cmdResize gives the window another size.
func cmdResize(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: resize name rows columns")
	}
	rows, err := strconv.ParseUint(args[1], 10, 16)
	ts.Check(err)
	columns, err := strconv.ParseUint(args[2], 10, 16)
	ts.Check(err)
	ts.Check(resize(sc.at(ts, args[0]).terminal.master, uint16(rows), uint16(columns)))
}

// cmdCooked waits until the terminal is as a shell expects it: it echoes, collects lines, and makes signals of keys.
func cmdCooked(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: cooked name")
	}
	p := sc.at(ts, args[0])
	const want = unix.ECHO | unix.ICANON | unix.ISIG
	var mode *unix.Termios
	cooked := poll(sc.limit, func() bool {
		ts.Check(ioctl(p.terminal.master, func(fd int) (err error) {
			mode, err = unix.IoctlGetTermios(fd, unix.TCGETS) // by either end, the program's is told
			return err
		}))
		return mode.Lflag&want == want && mode.Oflag&unix.OPOST != 0
	})
	if !cooked {
		ts.Fatalf("the terminal of %s has been left raw: %+v", args[0], *mode)
	}
}
