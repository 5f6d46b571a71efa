// Package supervise is the process that a container has: it starts the container's program, has its output, and knows how it ends.
//
// The problem: somebody must be there as long as a container runs, and longer than the command that has started it: to take what it
// prints, to wait for its end and clean up, to start it again if that is wanted. Docker has three for that, of which one is for all containers
// (dockerd and containerd), and one for each (the shim). Here there is one for each, and nobody else.
//
// It is this same program, in a session of its own, with a thread that waits for the container. All that it knows is on disk too. If it is
// killed, the kernel ends the container, and whichever command comes next cleans up.
//
//	supervise.go   from start to end
//	output.go      what the program prints: to the log, and to those who are attached
//	talk.go        what others ask of it
//	stop.go        signals, and how it is stopped
//	life.go        start again or not; health
//
// To read: setsid(2), unix(7), prctl(2) on PR_SET_PDEATHSIG.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"drydock/final/container"
	"drydock/final/engine"
	"drydock/final/logs"
	"drydock/final/mounts/point"
	"drydock/final/restart"
	"drydock/final/wire"
	"drydock/internal/kernel"
)

// A supervisor is the owner of one container.
type supervisor struct {
	engine *engine.Engine
	id     string
	config container.Config
	points []point.Point
	output *output

	mu      sync.Mutex
	changed *sync.Cond    // of what follows
	input   *os.File      // what leads to the program's standard input: a pipe, or its terminal
	stopped bool          // somebody wants it to end: it is not started again
	stops   int           // how many have asked for that by stop, and are not among the events yet
	again   bool          // and then to be started anew
	wake    chan struct{} // closed when stopped is set
	ended   chan struct{} // closed when all is over
	orders  sync.RWMutex  // held by those who are about to be answered
	code    int
	over    bool // all of it
	noInput bool // it was ended
	run     *run // the present one
}

// A run is one of the container's lives.
type run struct {
	program *os.Process
	over    chan struct{} // closed when it has ended
}

// first is the descriptor of the connection with whoever has started us.
const first = 3

// Container supervises the container id, from its start to its end.
func Container(e *engine.Engine, id string) error {
	starter, err := wire.Inherited(first)
	if err != nil {
		return fmt.Errorf("a supervisor is started by drydock, not by hand: %w", err)
	}
	s := &supervisor{engine: e, id: id, wake: make(chan struct{}), ended: make(chan struct{})}
	s.changed = sync.NewCond(&s.mu)
	e.Note = func(text string) { _ = starter.Send(wire.Reply{Note: text}) } // or nobody is there to be told
	if err := s.prepare(starter); err != nil {
		return errors.Join(starter.Send(wire.Reply{Failure: err.Error(), Code: 125}), starter.Close())
	}
	listener, err := e.Listen(id)
	if err != nil {
		return errors.Join(starter.Send(wire.Reply{Failure: err.Error(), Code: 125}), starter.Close())
	}
	defer listener.Close()
	begin := make(chan bool)
	go s.talk(starter, begin)
	if !<-begin { // whoever has started us is attached, if that is wanted: no output is lost
		return s.finish(0, false, nil)
	}
	go s.accept(listener)
	s.lives(starter)
	return s.output.close()
}

// prepare takes the container over.
func (s *supervisor) prepare(starter *wire.Conn) (err error) {
	if s.config, s.points, err = s.engine.Own(s.id); err != nil {
		return err
	}
	if s.config.Explain {
		kernel.Explain = kernel.Print(wire.Stream{Conn: starter, Kind: wire.Stderr})
	}
	var log *logs.Writer
	if s.config.Log.Driver != "none" {
		options, err := logs.ParseOptions(s.config.Log.Options)
		if err != nil {
			return err
		}
		if log, err = logs.Create(s.engine.LogFile(s.id), options); err != nil {
			return err
		}
	}
	s.output = newOutput(log)
	return nil
}

// lives starts the container, and starts it again as often as its policy wants, and notes the end.
func (s *supervisor) lives(starter *wire.Conn) {
	code, ran, lasted, err := s.live(starter)
	for restarts := new(restart.Restarts); ran && s.startsAgain(restarts, code, lasted); {
		code, _, lasted, err = s.live(starter)
	}
	printed := make(chan struct{})
	go func() {
		select {
		case <-printed:
		case <-s.wake:
			s.output.hurry()
		}
	}()
	s.output.wait()
	close(printed)
	failed := s.finish(code, ran, err)
	reply := wire.Reply{Ended: true, Code: code}
	if !ran {
		reply = wire.Reply{Failure: text(err), Code: code}
	}
	if failed != nil {
		reply.Note = failed.Error()
	}
	s.code = code
	close(s.ended)
	s.mu.Lock()
	s.over = true
	s.changed.Broadcast()
	s.mu.Unlock()
	s.output.dismiss(reply)
	_ = starter.Send(reply) // or it has gone
	s.answer()
}

// answer waits until all have their answers who wait for the end, but not for those who do not read.
func (s *supervisor) answer() {
	answered := make(chan struct{})
	go func() {
		s.orders.Lock()
		close(answered)
	}()
	select {
	case <-answered:
	case <-time.After(patience):
	}
}

// finish notes the end.
func (s *supervisor) finish(code int, ran bool, reason error) error {
	r, err := s.engine.Containers.Read(s.id)
	if errors.Is(err, os.ErrNotExist) {
		return nil // somebody has removed it by force
	} else if err != nil {
		return err
	}
	if s.isAgain() {
		r.Keep = true
	}
	if ran {
		reason = nil
	}
	return s.engine.End(r, code, ran, reason)
}

// settled is how long after its start a container is one that stays.
const settled = 2 * time.Second

// live is one life of the container.
func (s *supervisor) live(starter *wire.Conn) (code int, ran bool, lasted time.Duration, err error) {
	files, err := s.open()
	if err != nil {
		return 125, false, 0, err
	}
	life := &run{over: make(chan struct{})}
	ctx, over := context.WithCancel(context.Background())
	defer over()
	// What the start has needed is the host's again, if the container stays: there may be hundreds of us.
	defer time.AfterFunc(settled, debug.FreeOSMemory).Stop()
	var began time.Time
	session := engine.Session{
		Stdin: files.stdin, Stdout: files.stdout, Stderr: files.stderr,
		Terminal: s.useTerminal,
		Started: func(pid int) error {
			files.closeTheirs()
			program, err := os.FindProcess(pid) // by a pidfd: whatever becomes of its pid, this stays it
			if err != nil {
				return err
			}
			life.program = program
			began = time.Now()
			s.tell("start")
			s.set(life)
			s.watch(ctx)
			_ = starter.Send(wire.Reply{Started: true}) // or it has gone
			return nil
		},
	}
	code, ran, err = s.engine.Run(s.config, s.points, session)
	over()
	files.closeTheirs()
	s.set(nil)
	close(life.over)
	lasted = time.Since(began)
	if ran {
		s.tellStops()
		s.tell("die", "exitCode", strconv.Itoa(code), "execDuration", strconv.Itoa(int(lasted.Seconds())))
	}
	s.closeInput()
	return code, ran, lasted, err
}

// tell writes down what has happened to the container.
func (s *supervisor) tell(action string, more ...string) {
	if r, err := s.engine.Containers.Read(s.id); err == nil { // or it was removed by force
		s.engine.TellContainer(action, r, more...)
	}
}

func (s *supervisor) set(life *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.run = life
	s.changed.Broadcast()
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
