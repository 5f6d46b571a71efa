package cli

import (
	"errors"
	"fmt"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"drydock/final/filter"
	"drydock/final/images/remove"
)

// A pruning is what system prune removes.
type pruning struct {
	all, volumes, force bool
	filters             []string
}

func systemPruneCommand(c *call) *cobra.Command {
	var p pruning
	cmd := &cobra.Command{Use: "prune [OPTIONS]", Short: "Remove unused data", Args: exactly(0)}
	cmd.RunE = func(*cobra.Command, []string) error { return c.pruneSystem(p) }
	cmd.Flags().BoolVarP(&p.all, "all", "a", false, "all images that no container uses, not only those without a tag")
	cmd.Flags().StringArrayVar(&p.filters, "filter", nil, "only those of which `NAME=VALUE` is true: until, label")
	cmd.Flags().BoolVarP(&p.force, "force", "f", false, "do not ask")
	cmd.Flags().BoolVar(&p.volumes, "volumes", false, "anonymous volumes too")
	return cmd
}

// pruneSystem removes what nobody uses. What is removed first may be all that has used the rest.
func (c *call) pruneSystem(p pruning) error {
	wanted, err := filter.Parse(p.filters, "until", "label", "label!")
	if err != nil {
		return err
	}
	if p.volumes && wanted.Has("until") {
		return errors.New(`ERROR: The "until" filter is not supported with "--volumes"`)
	}
	if !p.force && !c.agrees(p.question()) {
		return nil
	}
	freed, err := c.pruneContainers(wanted)
	if err != nil {
		return err
	}
	if err := c.pruneNetworks(wanted); err != nil {
		return err
	}
	if p.volumes {
		bytes, err := c.pruneVolumes(false, wanted)
		if err != nil {
			return err
		}
		freed += bytes
	}
	bytes, err := c.pruneImages(remove.Pruning{All: p.all, Filters: wanted})
	return c.reclaimed(freed+bytes, err)
}

// question is Docker's, but for what there is not here.
func (p pruning) question() string {
	text := "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n"
	if p.volumes {
		text += "  - all anonymous volumes not used by at least one container\n"
	}
	if p.all {
		text += "  - all images without at least one container associated to them\n"
	} else {
		text += "  - all dangling images\n"
	}
	if len(p.filters) > 0 {
		text += "\n  Items to be pruned will be filtered with:\n"
		for _, f := range p.filters {
			text += "  - " + f + "\n"
		}
	}
	return text
}

// reclaimed tells how much room was made.
func (c *call) reclaimed(bytes int64, err error) error {
	if err == nil {
		fmt.Fprintln(c.stdout, "Total reclaimed space:", units.HumanSize(float64(bytes)))
	}
	return err
}
