package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/term"

	moby "github.com/moby/term"

	"drydock/final/attach"
	"drydock/final/console"
	"drydock/final/engine"
	"drydock/internal/record"
)

// onTerminal runs exec's program on a terminal, which is shown on ours, until it ends or somebody types the keys that leave it to itself.
func (n *entering) onTerminal(c *call, e *engine.Engine, r record.Record) error {
	keys, err := attach.Keys(n.detachKeys)
	if err != nil {
		return err
	}
	input, isTerminal := c.stdin.(*os.File)
	if n.interactive && isTerminal {
		before, err := term.MakeRaw(int(input.Fd()))
		if err != nil {
			return fmt.Errorf("have the terminal be raw: %w", err)
		}
		defer func() { _ = term.Restore(int(input.Fd()), before) }() // it is gone: nobody is there to see it
	}
	n.Size, _ = attach.Size(c.stdout)
	over, left := make(chan struct{}), make(chan *os.File)
	begun := false
	n.Terminal = func(master *os.File) {
		begun = true
		go func() {
			defer close(over)
			_, _ = io.Copy(c.stdout, master) // it ends with EIO
		}()
		go func() { <-over; master.Close() }()
		go n.follow(c, master, over)
		if n.interactive {
			go n.send(c, master, keys, left)
		}
	}
	ends := make(chan error, 1)
	go func() { ends <- outcome(e.Exec(r, n.Entry)) }()
	select {
	case err := <-ends:
		if begun {
			<-over
		}
		return err
	case master := <-left:
		fmt.Fprint(c.stderr, "read escape sequence\r\n")
		return keep(master)
	}
}

// follow gives the program's terminal the size of our window, now and whenever that changes.
func (n *entering) follow(c *call, master *os.File, over <-chan struct{}) {
	resize := func() {
		if size, ok := attach.Size(c.stdout); ok {
			_ = console.Resize(master, size) // it has just ended
		}
	}
	stop := onResize(resize)
	resize() // it may have changed before somebody looked
	<-over
	stop()
}

// send passes on what is typed, until those are the keys.
func (n *entering) send(c *call, master *os.File, keys []byte, left chan<- *os.File) {
	_, err := io.Copy(master, moby.NewEscapeProxy(c.stdin, keys))
	if errors.As(err, new(moby.EscapeError)) {
		left <- master
	}
}

// Drain is the name of a program of drydock's that reads to its end what it is given, so that whoever writes it may go on.
const Drain = "drain"

// keep hands a terminal over to a process that keeps it open: without anybody, the kernel would end the program with SIGHUP.
func keep(master *os.File) error {
	cmd := exec.Command("/proc/self/exe", Drain)
	cmd.Stdin, cmd.Dir = master, "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("leave the terminal to another process: %w", err)
	}
	return cmd.Process.Release()
}
