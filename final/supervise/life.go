package supervise

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"drydock/final/container"
	"drydock/final/health"
	"drydock/final/restart"
	"drydock/internal/record"
)

// startsAgain tells whether the container is to be started again, and waits until it is time. Whoever stops it meanwhile
// ends the waiting.
func (s *supervisor) startsAgain(restarts *restart.Restarts, code int, ran time.Duration) bool {
	if s.isStopped() {
		return false
	}
	if r, err := s.engine.Containers.Read(s.id); err == nil { // drydock update may have changed it
		if c, err := container.Of(r); err == nil {
			restarts.Policy = c.Restart
		}
	}
	delay, again := restarts.Next(code, ran, false)
	if !again {
		return false
	}
	err := container.Live(s.engine.Containers, s.id, func(r *record.Record, life *container.Life) {
		life.Restarting, life.Restarts = true, restarts.Count
		r.ExitCode, r.Finished = code, time.Now()
	})
	if err != nil {
		return false // it was removed, or nobody could know that it is started again
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.wake:
		return false
	}
}

// watch has the container be asked again and again whether it still works, as long as ctx lasts.
func (s *supervisor) watch(ctx context.Context) {
	command := health.Command(s.config.Health, s.config.Shell)
	if command == nil {
		return
	}
	monitor := health.Monitor{
		Check: s.config.Health, Command: command, Started: time.Now(), Run: s.check,
		Changed: func(h health.Health, status bool) {
			_ = container.Live(s.engine.Containers, s.id, func(_ *record.Record, life *container.Life) { life.Health = &h }) // it was removed meanwhile
			if status {
				s.tell("health_status: " + h.Status)
			}
		},
	}
	var now health.Health
	_ = container.Live(s.engine.Containers, s.id, func(_ *record.Record, life *container.Life) { // it was removed meanwhile
		if life.Health != nil {
			now = *life.Health
		}
		now = now.Restarted()
		life.Health = &now
	})
	go monitor.Watch(ctx, now)
}

// check runs a command in the container: by drydock exec, whose process may be killed with all that it is about.
func (s *supervisor) check(ctx context.Context, command []string) (exitCode int, output []byte, err error) {
	var out health.Output
	args := append([]string{"--root", s.engine.Root, "--config", s.engine.ConfigFile, "exec", s.id}, command...)
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &out, time.Second
	err = cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ctx.Err() == nil {
		return ended.ExitCode(), out.Bytes, nil
	}
	return 0, out.Bytes, err
}
