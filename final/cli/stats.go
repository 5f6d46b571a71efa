package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"drydock/final/container/show"
	"drydock/final/engine"
	"drydock/final/stats"
	"drydock/internal/record"
)

func statsCommand(c *call) *cobra.Command {
	var o stats.Options
	var all bool
	cmd := &cobra.Command{Use: "stats [OPTIONS] [CONTAINER...]", Short: "Display a live stream of container(s) resource usage statistics"}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, err := c.engine()
		if err != nil {
			return err
		}
		list := func() ([]stats.Container, error) { return everyone(e, all) }
		if len(args) > 0 {
			list = named(e, args)
		}
		return stats.Show(context.Background(), c.stdout, list, o)
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "also those that do not run")
	cmd.Flags().StringVar(&o.Format, "format", "", "show them by a Go `TEMPLATE`, in columns of one (table TEMPLATE), or as json")
	cmd.Flags().BoolVar(&o.NoStream, "no-stream", false, "only once")
	cmd.Flags().BoolVar(&o.NoTrunc, "no-trunc", false, "whole ids")
	return cmd
}

// everyone are the containers that run, or all.
func everyone(e *engine.Engine, all bool) (measured []stats.Container, err error) {
	known, err := e.Known()
	for _, c := range known {
		if all || c.IsUp() {
			measured = append(measured, toMeasure(e, c, c.ID))
		}
	}
	return measured, err
}

// named returns a function that finds containers by name. All must be there the first time; one that goes later is left out.
func named(e *engine.Engine, refs []string) func() ([]stats.Container, error) {
	first := true
	return func() (measured []stats.Container, err error) {
		for _, ref := range refs {
			r, err := e.Find(ref)
			if errors.As(err, new(record.NotFound)) && !first {
				continue
			} else if err != nil {
				return nil, err
			}
			known, _ := e.Describe(r) // as far as it can be read
			measured = append(measured, toMeasure(e, known, ref))
		}
		first = false
		return measured, nil
	}
}

func toMeasure(e *engine.Engine, c show.Container, asked string) stats.Container {
	m := stats.Container{Asked: asked, ID: c.ID, Name: c.Name}
	if group, err := e.Cgroup(c.Record); err == nil { // it does not run otherwise
		m.Cgroup, m.Pid = group, c.Init.Pid
	}
	return m
}
