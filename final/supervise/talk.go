package supervise

import (
	"encoding/json"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/console"
	"drydock/final/container"
	"drydock/final/wire"
)

// accept talks to all who come, until the listener is closed.
func (s *supervisor) accept(listener *net.UnixListener) {
	for {
		socket, err := listener.AcceptUnix()
		if err != nil {
			return
		}
		conn := wire.New(socket)
		if conn.Peer() != nil {
			conn.Close()
			continue
		}
		go s.talk(conn, nil)
	}
}

// talk does what somebody asks, until he goes. begin is told when whoever has started us is ready for the start, or that he has gone
// before that.
func (s *supervisor) talk(conn *wire.Conn, begin chan<- bool) {
	var streams []string
	defer func() { s.part(conn, streams, begin) }()
	buffer := make([]byte, 32<<10)
	for {
		kind, data, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if kind == wire.Stdin {
			s.pass(data)
			continue
		}
		var request wire.Request
		if kind != wire.Message || json.Unmarshal(data, &request) != nil {
			return
		}
		if request.Verb == wire.Attach {
			streams = request.Streams
			s.output.add(conn, streams)
		}
		if request.Start && begin != nil {
			begin <- true
			begin = nil
			continue
		}
		if !s.do(conn, request) {
			return
		}
	}
}

// do does what a request says, and answers. It tells whether he who asks is still there.
func (s *supervisor) do(conn *wire.Conn, request wire.Request) bool {
	s.orders.RLock()
	defer s.orders.RUnlock()
	reply, ok := s.obey(request)
	return !ok || conn.Send(reply) == nil
}

// part is the end of a conversation. Whoever was the program's only source of input ends that, unless it has a terminal.
func (s *supervisor) part(conn *wire.Conn, streams []string, begin chan<- bool) {
	if begin != nil {
		begin <- false
	}
	s.output.drop(conn)
	conn.Close()
	if slices.Contains(streams, stdin) && slices.Contains(s.config.Attached, stdin) && !s.config.TTY {
		s.closeInput()
	}
}

// pass passes input on to the program. Nothing is its end.
func (s *supervisor) pass(data []byte) {
	if !s.config.Interactive {
		return
	}
	to := s.awaitInput()
	switch {
	case to == nil:
	case len(data) > 0:
		_, _ = to.Write(data) // nobody reads any more: that is the program's affair
	case !s.config.TTY:
		s.closeInput()
	}
}

// awaitInput waits until there is something that leads to the program: what comes before it runs is for it, too.
func (s *supervisor) awaitInput() *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.input == nil && !s.over && !s.noInput {
		s.changed.Wait()
	}
	return s.input
}

// obey does what a request says. There is not always something to reply.
func (s *supervisor) obey(r wire.Request) (reply wire.Reply, ok bool) {
	switch r.Verb {
	case wire.Attach:
		return wire.Reply{Started: true}, true
	case wire.Resize:
		s.resize(r.Size)
		return reply, false
	case wire.Signal:
		return s.kill(r.Signal, false)
	case wire.Kill:
		return s.kill(r.Signal, true)
	case wire.Stop:
		return s.stop(r)
	case wire.Wait:
		<-s.ended
		return wire.Reply{Ended: true, Code: s.code}, true
	}
	return wire.Reply{Failure: "the supervisor does not know how to " + r.Verb}, true
}

func (s *supervisor) resize(size [2]uint) {
	s.mu.Lock()
	terminal := s.input
	s.mu.Unlock()
	if s.config.TTY && terminal != nil {
		_ = console.Resize(terminal, size) // it has just ended
	}
}

// current is the present life of the container, if it runs.
func (s *supervisor) current() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run
}

// send sends the program a signal. That it has ended is fine.
func (r *run) send(signal unix.Signal) { _ = r.program.Signal(signal) }

// kill sends the program a signal that somebody has named. Whoever says drydock kill does not want it to be started again.
func (s *supervisor) kill(name string, final bool) (reply wire.Reply, ok bool) {
	signal, err := container.Signal(name)
	if err != nil {
		return wire.Reply{Failure: err.Error()}, true
	}
	life := s.current()
	if final {
		s.markStopped(false)
	}
	if life != nil {
		life.send(signal)
		s.tell("kill", "signal", strconv.Itoa(int(signal)))
	}
	if !final {
		return reply, false
	}
	if signal == unix.SIGKILL {
		<-s.ended
	}
	return wire.Reply{Done: true}, true
}

// stop asks the program to end, and kills it if it does not.
func (s *supervisor) stop(r wire.Request) (reply wire.Reply, ok bool) {
	name, patience := s.config.Signal(), s.config.Patience()
	if r.Signal != "" {
		name = r.Signal
	}
	if r.Seconds != nil {
		patience = time.Duration(*r.Seconds) * time.Second
	}
	signal, err := container.Signal(name)
	if err != nil {
		return wire.Reply{Failure: err.Error()}, true
	}
	s.markStopped(r.Again)
	if life := s.current(); life != nil {
		life.send(signal)
		s.tell("kill", "signal", strconv.Itoa(int(signal)))
		s.killAfter(life, patience)
	}
	<-s.ended
	s.tell("stop")
	return wire.Reply{Done: true, Code: s.code}, true
}

// killAfter waits for the end of the program, and kills it if that takes too long: less than 0 is never.
func (s *supervisor) killAfter(life *run, patience time.Duration) {
	if patience < 0 {
		<-life.over
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-life.over:
	case <-timer.C:
		life.send(unix.SIGKILL)
	}
}

// markStopped notes that the container is not to be started again; or only by whoever stops it, who then finds it
// still there.
func (s *supervisor) markStopped(again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = s.again || again
	if !s.stopped {
		s.stopped = true
		close(s.wake)
	}
}

func (s *supervisor) isAgain() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.again
}

func (s *supervisor) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}
