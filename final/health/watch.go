package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drydock/final/images/show"
)

// A Monitor is how a running container is checked.
type Monitor struct {
	Check   *show.Healthcheck
	Command []string // as the function of that name has it
	Started time.Time

	// Run runs a command in the container and returns what it printed (Output is for that). When
	// ctx ends, it kills the command, and returns what there is.
	Run func(ctx context.Context, command []string) (exitCode int, output []byte, err error)

	// Changed is told the health after each check, and at the end, and whether its status has
	// become another by a check: that is the event health_status.
	Changed func(h Health, status bool)
}

// Watch checks the container until ctx ends, which is when it is stopped or paused. From then on
// it counts as unhealthy, as in Docker.
func (m Monitor) Watch(ctx context.Context, h Health) {
	timer := time.NewTimer(h.wait(m.Check, time.Since(m.Started)))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		result := Result{}
		if ctx.Err() == nil {
			result = m.probe(ctx)
		}
		if ctx.Err() != nil { // and what a check says that was broken off does not count
			h.Status = Unhealthy
			m.Changed(h, false)
			return
		}
		before := h.Status
		h = h.add(m.Check, m.Started, result)
		m.Changed(h, h.Status != before)
		timer.Reset(h.wait(m.Check, time.Since(m.Started)))
	}
}

// probe makes one check.
func (m Monitor) probe(ctx context.Context) Result {
	timeout := orDefault(m.Check.Timeout, timeoutDefault)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result := Result{Start: time.Now()}
	exitCode, output, err := m.Run(ctx, m.Command)
	result.End, result.ExitCode, result.Output = time.Now(), exitCode, limited(output)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		late := fmt.Sprintf("Health check exceeded timeout (%v)", timeout)
		if result.Output != "" {
			late += ": " + result.Output
		}
		result.ExitCode, result.Output = -1, late
	case err != nil:
		result.ExitCode, result.Output = -1, err.Error()
	}
	return result
}

// most is how much of a check's output is kept.
const most = 4096

// limited is what is kept of an output.
func limited(output []byte) string {
	if len(output) > most {
		return string(output[:most]) + "..."
	}
	return string(output)
}

// An Output keeps as much of what a check prints as Monitor needs of it.
type Output struct{ Bytes []byte }

// Write never fails.
func (o *Output) Write(printed []byte) (int, error) {
	room := most + 1 - len(o.Bytes) // one more tells that there was more
	o.Bytes = append(o.Bytes, printed[:min(room, len(printed))]...)
	return len(printed), nil
}
