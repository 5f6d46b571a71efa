package supervise

import (
	"encoding/json"
	"net"
	"os"
	"slices"
	"strconv"

	"drydock/final/console"
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
			if len(streams) > 0 {
				s.tell("attach")
			}
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

// resize gives the program's terminal another size, as soon as the program runs.
func (s *supervisor) resize(size [2]uint) {
	if !s.config.TTY || s.current() == nil {
		return
	}
	if terminal := s.awaitInput(); terminal != nil && console.Resize(terminal, size) == nil { // or it has just ended
		s.tell("resize", "height", strconv.Itoa(int(size[0])), "width", strconv.Itoa(int(size[1]))) //nolint:gosec // the kernel's numbers
	}
}
