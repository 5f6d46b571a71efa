package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/container/show"
	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/images/catalog"
	"drydock/final/networks"
)

// A psOptions is what ps is to show, and how.
type psOptions struct {
	all, latest, quiet, size, noTrunc bool
	last                              int
	filters                           []string
	format                            string
}

// psCommand is the short spelling, lsCommand that among the commands on containers.
func psCommand(c *call) *cobra.Command {
	cmd := lsCommand(c)
	cmd.Use, cmd.Aliases = "ps [OPTIONS]", nil
	return cmd
}

func lsCommand(c *call) *cobra.Command {
	var o psOptions
	cmd := &cobra.Command{
		Use: "ls [OPTIONS]", Short: "List containers", Aliases: []string{"ps", "list"}, Args: exactly(0),
		RunE: func(*cobra.Command, []string) error { return o.run(c) },
	}
	set := cmd.Flags()
	set.BoolVarP(&o.all, "all", "a", false, "also those that do not run")
	set.VarP(filters{&o.filters}, "filter", "f", "only those for which `NAME=VALUE` holds")
	set.StringVar(&o.format, "format", "", "show them by a Go `TEMPLATE`, in columns of one (table TEMPLATE), or as json")
	set.IntVarP(&o.last, "last", "n", -1, "only the `N` newest, whether they run or not")
	set.BoolVarP(&o.latest, "latest", "l", false, "only the newest, whether it runs or not")
	set.BoolVar(&o.noTrunc, "no-trunc", false, "cut nothing")
	set.BoolVarP(&o.quiet, "quiet", "q", false, "only the ids")
	set.BoolVarP(&o.size, "size", "s", false, "how much of the disk they use, too")
	return cmd
}

func (o psOptions) run(c *call) error {
	if o.quiet && o.format != "" {
		fmt.Fprintln(c.stderr, "WARNING: Ignoring custom format, because both --format and --quiet are set.")
	}
	if o.latest && o.last == -1 {
		o.last = 1
	}
	list, err := show.Format(o.format, o.quiet, o.size)
	if err != nil {
		return fmt.Errorf("failed to parse template: %w", errors.Unwrap(err))
	}
	l := show.Listing{All: o.all, Last: o.last, Whole: o.noTrunc, Now: time.Now()}
	if l.Filters, err = filter.Parse(o.filters, show.Filters...); err != nil {
		return err
	}
	e, err := c.look()
	if err != nil {
		return err
	}
	all, err := e.Known()
	if err != nil {
		return err
	}
	if l.Networks, err = networks.List(e.Root); err != nil {
		return err
	}
	if !o.quiet || l.Filters.Has("ancestor") {
		l.Images, _ = catalog.Read(e.Images) // one that is damaged is called by its id
	}
	wanted, err := l.Select(all)
	if err != nil {
		return err
	}
	for i := range wanted {
		if o.size {
			if wanted[i].Size, err = e.Size(wanted[i].Config); err != nil {
				return err
			}
		}
	}
	return format.Write(c.stdout, list, show.RowHeader, l.Rows(wanted))
}
