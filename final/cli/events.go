package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/events"
	"drydock/final/filter"
)

func eventsCommand(c *call) *cobra.Command {
	var since, until, text string
	var filters []string
	cmd := &cobra.Command{Use: "events [OPTIONS]", Short: "Get real time events", Args: exactly(0)}
	cmd.RunE = func(*cobra.Command, []string) error { return c.events(since, until, text, filters) }
	cmd.Flags().StringArrayVarP(&filters, "filter", "f", nil, "only those of which `NAME=VALUE` is true")
	cmd.Flags().StringVar(&text, "format", "", "a `TEMPLATE`, or json")
	cmd.Flags().StringVar(&since, "since", "", "those since a `TIME` too: a date, or how long ago that is (10m)")
	cmd.Flags().StringVar(&until, "until", "", "those until a `TIME`, and no more")
	return cmd
}

// events tells what has happened, and what happens, until a signal ends us if there is no --until.
func (c *call) events(since, until, text string, filters []string) (err error) {
	var q events.Query
	printer, err := events.NewPrinter(c.stdout, text)
	if err != nil {
		return failure{64, err, ""}
	}
	if q.Filters, err = events.Filters(filters); err != nil {
		return err
	}
	now := time.Now()
	for _, limit := range []struct {
		name, text string
		to         *time.Time
	}{{"since", since, &q.Since}, {"until", until, &q.Until}} {
		if limit.text == "" {
			continue
		}
		if *limit.to, err = filter.Time(limit.text, now); err != nil {
			return fmt.Errorf("invalid value for %q: %w", limit.name, err)
		}
	}
	e, err := c.engine()
	if err != nil {
		return err
	}
	return events.Open(e.Root).Read(context.Background(), q, printer.Print)
}
