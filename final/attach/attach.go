// Package attach is the side of whoever sits at a container's terminal, or has its output in a pipe.
//
// The problem: a program in a container is to look like one that was started right here: what is typed reaches it at once,
// with Ctrl-C and arrow keys; its output is ours; the window's size is its own. And one must be able to go away while it runs on.
//
// The kernel feature: a terminal does much by itself, such as to echo, to collect lines and to make signals of keys. In raw mode it hands
// on every key as it is, and the container's own terminal does all that. SIGWINCH says that the window has another size.
//
// In a shell: stty raw -echo; …; stty sane.
//
// To read: termios(3), ioctl_tty(2), signal(7).
package attach

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	moby "github.com/moby/term"

	"drydock/final/wire"
)

// Options say how somebody is attached.
type Options struct {
	Stdin          io.Reader // nil: nothing is passed on
	Stdout, Stderr io.Writer // nil: not wanted
	TTY            bool      // the container has a terminal
	DetachKeys     string    // "" is ctrl-p,ctrl-q
	Signals        bool      // pass on the signals that we get
	Start          bool      // have the supervisor start the program, now that we are attached
	Note           func(text string)
}

// An End is why we are not attached any more.
type End struct {
	Code     int
	Detached bool   // by the keys
	Failure  string // the program could not be started: Code is ours then
}

// ErrLost is the error when the supervisor is gone without a word: then the container has been killed with it.
var ErrLost = errors.New("the container's supervisor has ended: the container has been killed with it")

// Streams are those that are wanted.
func (o Options) Streams() (all []string) {
	for name, wanted := range map[string]bool{"stdin": o.Stdin != nil, "stdout": o.Stdout != nil, "stderr": o.Stderr != nil} {
		if wanted {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// Run attaches, and stays so until the container ends, or the user goes.
func Run(conn *wire.Conn, o Options) (End, error) {
	defer conn.Close()
	keys, err := Keys(o.DetachKeys)
	if err != nil {
		return End{}, err
	}
	restore, err := o.raw()
	if err != nil {
		return End{}, err
	}
	defer restore()
	if err := conn.Send(wire.Request{Verb: wire.Attach, Streams: o.Streams(), Start: o.Start}); err != nil {
		return End{}, ErrLost
	}
	stop := o.watch(conn)
	defer stop()
	detached := make(chan struct{})
	if o.Stdin != nil {
		go o.send(conn, keys, detached)
	}
	return o.receive(conn, detached)
}

// Keys reads ctrl-p,ctrl-q.
func Keys(text string) ([]byte, error) {
	if text == "" {
		text = "ctrl-p,ctrl-q"
	}
	keys, err := moby.ToBytes(text)
	if err != nil {
		return nil, fmt.Errorf("invalid detach keys (%s): %w", text, err)
	}
	return keys, nil
}

// raw has our terminal hand on all keys, if the container has one that understands them. A signal that ends us gives it back first.
func (o Options) raw() (restore func(), err error) {
	input, isFile := o.Stdin.(*os.File)
	if !o.TTY || !isFile || !term.IsTerminal(int(input.Fd())) {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(input.Fd()))
	if err != nil {
		return nil, fmt.Errorf("have the terminal be raw: %w", err)
	}
	restore = func() {
		_ = term.Restore(int(input.Fd()), before) // it is gone: nobody is there to see it
	}
	ends := slices.DeleteFunc([]os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}, signal.Ignored)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, ends...)
	go func() {
		ending := (<-signals).(syscall.Signal)
		restore()
		signal.Reset(ending)
		_ = unix.Kill(os.Getpid(), ending) // to ourselves we may send it
	}()
	return restore, nil
}

// watch passes on signals, and the size of the window.
func (o Options) watch(conn *wire.Conn) (stop func()) {
	signals := make(chan os.Signal, 64)
	if o.TTY {
		o.resize(conn)
		signal.Notify(signals, unix.SIGWINCH)
	}
	if o.Signals && !o.TTY {
		signal.Notify(signals, forwarded()...)
	}
	go func() {
		for s := range signals {
			number, isNumber := s.(syscall.Signal)
			switch {
			case s == unix.SIGWINCH && o.TTY:
				o.resize(conn)
			case isNumber:
				_ = conn.Send(wire.Request{Verb: wire.Signal, Signal: fmt.Sprint(int(number))}) // it has gone
			}
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}

// forwarded are the signals that are the container's when somebody sends them to us: all that can be caught, but for those of children, of
// windows, and of the Go runtime.
func forwarded() (all []os.Signal) {
	for s := unix.Signal(1); s < 65; s++ {
		switch s {
		case unix.SIGCHLD, unix.SIGPIPE, unix.SIGURG, unix.SIGWINCH, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGKILL, unix.SIGSTOP,
			unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL, unix.SIGPROF, unix.SIGABRT, unix.SIGTRAP:
		default:
			if !signal.Ignored(s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// resize tells the size of our window.
func (o Options) resize(conn *wire.Conn) {
	if size, ok := Size(o.Stdout); ok {
		_ = conn.Send(wire.Request{Verb: wire.Resize, Size: size}) // it has gone
	}
}

// Size is how many rows and columns a terminal has.
func Size(w any) (size [2]uint, ok bool) {
	file, isFile := w.(*os.File)
	if !isFile {
		return size, false
	}
	columns, rows, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return size, false
	}
	return [2]uint{uint(rows), uint(columns)}, true //nolint:gosec // the kernel's numbers
}

// send passes input on, to its end, or until somebody types the keys.
func (o Options) send(conn *wire.Conn, keys []byte, detached chan<- struct{}) {
	input := o.Stdin
	if o.TTY {
		input = moby.NewEscapeProxy(input, keys)
	}
	buffer := make([]byte, 32<<10)
	for {
		n, err := input.Read(buffer)
		if n > 0 && conn.Write(wire.Stdin, buffer[:n]) != nil {
			return
		}
		var typed moby.EscapeError
		if errors.As(err, &typed) {
			close(detached)
			conn.Close()
			return
		}
		if err != nil {
			_ = conn.Write(wire.Stdin, nil) // it has gone
			return
		}
	}
}

// receive passes output on, and returns when it has been told of the end.
func (o Options) receive(conn *wire.Conn, detached <-chan struct{}) (End, error) {
	buffer := make([]byte, 64<<10)
	for {
		kind, data, err := conn.Read(buffer)
		select {
		case <-detached:
			return End{Detached: true}, nil
		default:
		}
		if err != nil {
			return End{}, ErrLost
		}
		switch kind {
		case wire.Stdout:
			err = write(o.Stdout, data)
		case wire.Stderr:
			err = write(o.Stderr, data)
		case wire.Message:
			var reply wire.Reply
			if err := json.Unmarshal(data, &reply); err != nil {
				return End{}, err
			}
			if reply.Note != "" && o.Note != nil {
				o.Note(reply.Note)
			}
			if reply.Ended || reply.Failure != "" {
				return End{Code: reply.Code, Failure: reply.Failure}, nil
			}
		}
		if err != nil {
			return End{}, err
		}
	}
}

func write(w io.Writer, data []byte) error {
	if w == nil {
		return nil
	}
	_, err := w.Write(data)
	return err
}

// A Failed is the error of Start when the program could not be started.
type Failed struct {
	Text string
	Code int
}

// Error is part of error.
func (f Failed) Error() string { return f.Text }

// Start has the supervisor start the program, and returns when that runs.
func Start(conn *wire.Conn, note func(text string)) error {
	defer conn.Close()
	if err := conn.Send(wire.Request{Verb: wire.Attach, Start: true}); err != nil {
		return ErrLost
	}
	for {
		var reply wire.Reply
		if err := conn.Receive(&reply); err != nil {
			return ErrLost
		}
		if reply.Note != "" {
			note(reply.Note)
		}
		switch {
		case reply.Failure != "":
			return Failed{reply.Failure, reply.Code}
		case reply.Started, reply.Ended:
			return nil
		}
	}
}
