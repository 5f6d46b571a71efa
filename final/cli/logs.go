package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/container"
	"drydock/final/engine"
	"drydock/final/filter"
	"drydock/final/lines"
	"drydock/final/logs"
	"drydock/final/wire"
	"drydock/internal/record"
)

// A logsOptions is which of a container's lines to show.
type logsOptions struct {
	since, until, tail          string
	details, follow, timestamps bool
}

func logsCommand(c *call) *cobra.Command {
	var o logsOptions
	cmd := &cobra.Command{
		Use: "logs [OPTIONS] CONTAINER", Short: "Fetch the logs of a container", Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(c, args[0]) },
	}
	set := cmd.Flags()
	set.BoolVar(&o.details, "details", false, "what the log driver has added, too")
	set.BoolVarP(&o.follow, "follow", "f", false, "wait for more, until the container has ended")
	set.StringVar(&o.since, "since", "", "only from this `TIME` on: 2013-01-02T13:23:37Z, or 42m ago")
	set.StringVarP(&o.tail, "tail", "n", "all", "only the last `N` lines")
	set.BoolVarP(&o.timestamps, "timestamps", "t", false, "when each line was printed, too")
	set.StringVar(&o.until, "until", "", "only to this `TIME`: 2013-01-02T13:23:37Z, or 42m ago")
	return cmd
}

func (o logsOptions) run(c *call, ref string) (err error) {
	e, r, err := c.find(ref)
	if err != nil {
		return err
	}
	config, err := container.Of(r)
	if err != nil {
		return err
	}
	if config.Log.Driver == "none" {
		return errors.New("configured logging driver does not support reading")
	}
	printer := logs.Printer{Stdout: c.stdout, Stderr: c.stderr, Timestamps: o.timestamps, Details: o.details}
	query := logs.Query{Stdout: true, Stderr: true, Query: lines.Query{Tail: logs.ParseTail(o.tail), Follow: o.follow, Idle: printer.Flush}}
	now := time.Now()
	if query.Since, err = moment("since", o.since, now); err != nil {
		return err
	}
	if query.Until, err = moment("until", o.until, now); err != nil {
		return err
	}
	if o.follow {
		query.Done = ended(e, r)
	}
	err = logs.Read(context.Background(), e.LogFile(r.ID), query, printer.Print)
	return errors.Join(err, printer.Flush())
}

// moment reads a time, which need not be given.
func moment(name, text string, now time.Time) (at time.Time, err error) {
	if text == "" {
		return at, nil
	}
	if at, err = filter.Time(text, now); err != nil {
		err = fmt.Errorf("invalid value for %q: failed to parse value as time or duration: %q", name, text)
	}
	return at, err
}

// ended is closed when a container has ended and all that it has printed is written: at once if it does not run.
func ended(e *engine.Engine, r record.Record) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = e.Order(r, wire.Request{Verb: wire.Wait}) // that it does not run, or was killed, is an end too
	}()
	return done
}
