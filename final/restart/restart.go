// Package restart decides whether a container whose program has ended is started again, and when.
//
// The problem: a service that falls over at night is to be up again in the morning; but one that
// falls over at once must not take the whole machine, and one that was stopped stays down.
//
//	--restart no                what has ended has ended
//	--restart on-failure[:N]    again if the exit code is not 0, at most N times
//	--restart always            again, also after the machine has been restarted
//	--restart unless-stopped    likewise, unless it was stopped before that
//
// The first time it is after 100 ms, and then after twice as long each time, up to a minute; when
// the program has run for 10 seconds that begins anew.
//
// To read: docker run --help; https://docs.docker.com/engine/containers/start-containers-automatically.
package restart

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"drydock/internal/flags"
)

// A Policy is when to start a container again, as docker inspect shows it.
type Policy struct {
	Name              string // no, on-failure, always or unless-stopped
	MaximumRetryCount int    // for on-failure; 0: as often as it fails
}

// Flag is Docker's flag, for Parse.
func Flag(to *string) flags.Flag {
	return flags.Flag{Name: "restart", Value: flags.String{To: to}, Usage: "start it again when it has ended: `POLICY` no, on-failure[:N], always or unless-stopped"}
}

// Parse reads a policy. remove is whether the container is to be removed when it has ended
// (--rm), which is at odds with starting it again.
func Parse(text string, remove bool) (Policy, error) {
	name, count, counted := strings.Cut(text, ":")
	p := Policy{Name: name}
	if counted && name == "" {
		return p, errors.New("invalid restart policy format: no policy provided before colon")
	}
	if count != "" {
		var err error
		if p.MaximumRetryCount, err = strconv.Atoi(count); err != nil {
			return p, errors.New("invalid restart policy format: maximum retry count must be an integer")
		}
	}
	switch {
	case text == "":
		p.Name = "no"
	case remove && name != "no":
		return p, errors.New("conflicting options: cannot specify both --restart and --rm")
	case name == "on-failure":
		if p.MaximumRetryCount < 0 {
			return p, errors.New("invalid restart policy: maximum retry count cannot be negative")
		}
	case name != "no" && name != "always" && name != "unless-stopped":
		return p, fmt.Errorf("invalid restart policy: unknown policy '%s'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'", name)
	case p.MaximumRetryCount < 0:
		return p, errors.New("invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative")
	case p.MaximumRetryCount > 0:
		return p, errors.New("invalid restart policy: maximum retry count can only be used with 'on-failure'")
	}
	return p, nil
}

const (
	firstDelay = 100 * time.Millisecond
	mostDelay  = time.Minute
	longEnough = 10 * time.Second
)

// Restarts are those of one container.
type Restarts struct {
	Policy Policy
	Count  int // how often it was started again: docker inspect shows it

	delay time.Duration // before the last time
}

// Next tells whether a container is to be started again, which is counted, and how long to wait
// before, when its program has ended with an exit code after it ran for so long.
//
// While a user stops it, nobody is to ask. After the machine was restarted it is the same
// question, and stopped is whether a user had stopped the container before.
func (r *Restarts) Next(exitCode int, ran time.Duration, stopped bool) (delay time.Duration, again bool) {
	switch r.Policy.Name {
	case "always":
		again = true
	case "unless-stopped":
		again = !stopped
	case "on-failure":
		most := r.Policy.MaximumRetryCount
		again = exitCode != 0 && (most == 0 || r.Count < most)
	}
	if !again {
		return 0, false
	}
	if r.Count++; r.delay == 0 || ran >= longEnough {
		r.delay = firstDelay
	} else {
		r.delay = min(2*r.delay, mostDelay)
	}
	return r.delay, true
}
