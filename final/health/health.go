// Package health asks a container again and again whether it still works: HEALTHCHECK and
// docker run --health-cmd.
//
// The problem: a program can be there and yet do nothing, because it hangs, or has not loaded its
// data. Only a question that it has to answer shows that. So a command is run in the container
// every so often, and its exit codes make the container's status:
//
//	starting    no check has succeeded yet, and not enough have failed
//	healthy     the last one has succeeded, or not enough have failed since
//	unhealthy   so many (retries) have failed, one after the other
//
// For a while after the start (start period) failures do not count, and checks may come faster.
// Nothing happens to a container that is unhealthy: it is shown, and told as an event.
//
// To read: docker run --help; https://docs.docker.com/reference/dockerfile/#healthcheck.
package health

import (
	"time"

	"drydock/final/images/show"
)

// What a container's status can be.
const (
	Starting  = "starting"
	Healthy   = "healthy"
	Unhealthy = "unhealthy"
)

// A Health is what is known of a container, as docker inspect shows it.
type Health struct {
	Status        string
	FailingStreak int      // so many checks have failed since the last that did not
	Log           []Result // the last ones, the oldest first
}

// A Result is one check's.
type Result struct {
	Start, End time.Time
	ExitCode   int // -1: it could not be run, or took too long
	Output     string
}

// String is how docker ps shows it.
func (h Health) String() string {
	if h.Status == Starting {
		return "health: starting"
	}
	return h.Status
}

// Restarted is the health of a container that is just started. What checks have said before
// stays in the log.
func (h Health) Restarted() Health { return Health{Status: Starting, Log: h.Log} }

const (
	logged          = 5
	intervalDefault = 30 * time.Second
	timeoutDefault  = 30 * time.Second
	startDefault    = 5 * time.Second // from one check to the next in the start period
	retriesDefault  = 3
)

// orDefault is a value, or another if it is 0.
func orDefault[T int | time.Duration](value, otherwise T) T {
	if value <= 0 {
		return otherwise
	}
	return value
}

// Command is what to run in a container to check it; nil if there is no health check. shell is
// the image's own (SHELL), if it has one.
func Command(check *show.Healthcheck, shell []string) []string {
	if check == nil || len(check.Test) < 2 {
		return nil
	}
	switch command := check.Test[1:]; check.Test[0] {
	case "CMD":
		return command
	case "CMD-SHELL":
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		return append(append([]string{}, shell...), command...)
	}
	return nil // NONE, and what Docker does not know either
}

// wait is how long to wait for the next check, so long after the container was started.
func (h Health) wait(check *show.Healthcheck, sinceStart time.Duration) time.Duration {
	if left := check.StartPeriod - sinceStart; left > 0 && h.Status == Starting {
		return min(left, orDefault(check.StartInterval, startDefault))
	}
	return orDefault(check.Interval, intervalDefault)
}

// add is the health after one more check, of a container that was started at some time.
func (h Health) add(check *show.Healthcheck, started time.Time, result Result) Health {
	log := h.Log[max(0, len(h.Log)+1-logged):]
	h.Log = append(append([]Result{}, log...), result) // whoever has the old log keeps it
	switch {
	case result.ExitCode == 0:
		h.Status, h.FailingStreak = Healthy, 0
	case h.Status == Starting && result.Start.Sub(started) < check.StartPeriod:
		// it does not count yet
	default:
		if h.FailingStreak++; h.FailingStreak >= orDefault(check.Retries, retriesDefault) {
			h.Status = Unhealthy
		}
	}
	return h
}
