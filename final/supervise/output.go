package supervise

import (
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"drydock/final/logs"
	"drydock/final/wire"
)

// An output is where what the program prints goes: to the log, and to all who are attached at that moment. Whoever is slow
// has the program wait, so that nothing is lost.
type output struct {
	log     *logs.Writer // or nil
	copying sync.WaitGroup

	mu       sync.Mutex
	attached []listener
}

// A listener is somebody who is attached.
type listener struct {
	conn    *wire.Conn
	streams []string // of stdout and stderr
}

func newOutput(log *logs.Writer) *output { return &output{log: log} }

// The streams, as Docker calls them.
const (
	stdin  = "stdin"
	stdout = "stdout"
	stderr = "stderr"
)

var kinds = map[string]wire.Kind{stdout: wire.Stdout, stderr: wire.Stderr}

// add has somebody hear what is printed from now on.
func (o *output) add(conn *wire.Conn, streams []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attached = append(o.attached, listener{conn, streams})
}

// drop has somebody not hear anything any more.
func (o *output) drop(conn *wire.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.attached = slices.DeleteFunc(o.attached, func(l listener) bool { return l.conn == conn })
}

// patience is how long those who are attached may take to read the rest of what a container has printed that somebody has stopped.
const patience = 2 * time.Second

// hurry has nobody wait any longer for those who do not read.
func (o *output) hurry() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.attached {
		_ = l.conn.Hurry(patience) // it has gone
	}
}

// dismiss tells all who are attached how it has ended.
func (o *output) dismiss(reply wire.Reply) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.attached {
		_ = l.conn.Send(reply) // or it has gone
	}
	o.attached = nil
}

// copy copies a stream of the program's, to its end.
func (o *output) copy(stream string, from *os.File) {
	o.copying.Go(func() {
		defer from.Close()
		var log io.WriteCloser
		if o.log != nil {
			log = o.log.Stream(stream)
			defer log.Close()
		}
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				o.write(stream, buffer[:n], log)
			}
			if err != nil {
				return // the end; of a terminal, that is an error: EIO
			}
		}
	})
}

// write passes a piece on. What the log cannot take is lost for it: the program goes on.
func (o *output) write(stream string, data []byte, log io.Writer) {
	if log != nil {
		_, _ = log.Write(data)
	}
	o.mu.Lock()
	attached := slices.Clone(o.attached)
	o.mu.Unlock()
	for _, l := range attached {
		if !slices.Contains(l.streams, stream) {
			continue
		}
		if err := l.conn.Write(kinds[stream], data); err != nil {
			o.drop(l.conn)
		}
	}
}

// wait waits until all that was printed has been passed on.
func (o *output) wait() { o.copying.Wait() }

func (o *output) close() error {
	if o.log == nil {
		return nil
	}
	return o.log.Close()
}

// files are the standard files for one life of the program.
type files struct {
	stdin, stdout, stderr *os.File // the program's ends
}

// open makes them: /dev/null where nothing comes, pipes else. With a terminal there are none.
func (s *supervisor) open() (f files, err error) {
	if f.stdin, err = os.Open(os.DevNull); err != nil || s.config.TTY {
		return f, err
	}
	if s.config.Interactive {
		theirs, ours, err := os.Pipe()
		if err != nil {
			return f, err
		}
		f.stdin.Close()
		f.stdin = theirs
		s.setInput(ours)
	}
	for name, theirs := range map[string]**os.File{stdout: &f.stdout, stderr: &f.stderr} {
		from, to, err := os.Pipe()
		if err != nil {
			f.closeTheirs()
			return f, err
		}
		*theirs = to
		s.output.copy(name, from)
	}
	return f, nil
}

// closeTheirs closes our copies of the program's ends: so its end is the end of what comes.
func (f *files) closeTheirs() {
	for _, file := range []*os.File{f.stdin, f.stdout, f.stderr} {
		if file != nil {
			_ = file.Close() // the second time it is closed already
		}
	}
}

// useTerminal has the program's terminal be its input and output.
func (s *supervisor) useTerminal(master *os.File) {
	s.setInput(master)
	s.output.copy(stdout, master)
}

// setInput says what leads to the program's standard input.
func (s *supervisor) setInput(file *os.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.input, s.noInput = file, false
	s.changed.Broadcast()
}

// closeInput ends it. A terminal is closed by whoever reads it, when all has been read.
func (s *supervisor) closeInput() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.input != nil && !s.config.TTY {
		_ = s.input.Close() // the second time it is closed already
	}
	s.input, s.noInput = nil, true
}
