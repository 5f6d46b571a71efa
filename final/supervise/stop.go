package supervise

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/final/wire"
)

// current is the present life of the container: the next one while it is about to be started, and none when it has ended.
func (s *supervisor) current() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.run == nil && !s.over {
		s.changed.Wait()
	}
	return s.run
}

// send sends the program a signal, and writes that down beforehand: it may be the end. That it has ended is fine.
func (s *supervisor) send(life *run, signal unix.Signal) {
	s.tell("kill", "signal", strconv.Itoa(int(signal)))
	_ = life.program.Signal(signal)
}

// kill sends the program a signal that somebody has named. Whoever says drydock kill does not want it to be started again.
func (s *supervisor) kill(name string, final bool) (reply wire.Reply, ok bool) {
	signal, err := container.Signal(name)
	if err != nil {
		return wire.Reply{Failure: err.Error()}, true
	}
	if final {
		s.markStopped(false)
	}
	if life := s.current(); life != nil {
		s.send(life, signal)
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
	life := s.current()
	s.addStop()
	if life != nil {
		s.send(life, signal)
		s.killAfter(life, patience)
	}
	<-s.ended
	s.tellStops()
	return wire.Reply{Done: true, Code: s.code}, true
}

// addStop counts a stop, and tellStops writes down those that were counted: Docker does so just before it tells of the end.
func (s *supervisor) addStop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops++
}

func (s *supervisor) tellStops() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ; s.stops > 0; s.stops-- {
		s.tell("stop")
	}
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
		s.send(life, unix.SIGKILL)
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
