package cli

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/engine"
	"drydock/final/filter"
)

func containerPruneCommand(c *call) *cobra.Command {
	var force bool
	var given []string
	cmd := &cobra.Command{Use: "prune [OPTIONS]", Short: "Remove all stopped containers", Args: exactly(0)}
	cmd.RunE = func(_ *cobra.Command, _ []string) error {
		wanted, err := filter.Parse(given, "until", "label", "label!")
		if err != nil {
			return err
		}
		if !force && !c.agrees("WARNING! This will remove all stopped containers.") {
			return nil
		}
		return c.reclaimed(c.pruneContainers(wanted))
	}
	cmd.Flags().Var(filters{&given}, "filter", "only those of which `NAME=VALUE` is true: until, label")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

// pruneContainers removes the containers that do not run, tells which, and returns how much room that has made.
func (c *call) pruneContainers(wanted filter.Set) (freed int64, err error) {
	e, err := c.engine()
	if err != nil {
		return 0, err
	}
	all, err := e.Known()
	if err != nil {
		return 0, err
	}
	var removed []string
	var failed []error
	for _, known := range all {
		goes, err := wanted.Prunes(known.Config.Labels, &known.Created, time.Now())
		if err != nil {
			return 0, err
		}
		if !goes || known.IsUp() {
			continue
		}
		size, _ := e.Size(known.Config) // one whose files cannot be counted goes all the same
		if err := e.Remove(known.Record, engine.Removal{}); err == nil {
			removed, freed = append(removed, known.ID), freed+size.Own
		} else if now, _ := e.Containers.Read(known.ID); !now.IsRunning() && !now.Owner.Alive() { // or somebody has just started it
			failed = append(failed, err)
		}
	}
	if len(removed) > 0 {
		fmt.Fprintln(c.stdout, "Deleted Containers:")
		for _, id := range removed {
			fmt.Fprintln(c.stdout, id)
		}
		fmt.Fprintln(c.stdout)
	}
	e.Tell("container", "prune", "", map[string]string{"reclaimed": strconv.FormatInt(freed, 10)})
	return freed, errors.Join(failed...)
}
