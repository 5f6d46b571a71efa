package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/mounts/volumes"
	"drydock/internal/flags"
	"drydock/stage5-volumes/volume"
)

func volumeCreateCommand(c *call) *cobra.Command {
	var v volumes.Values
	cmd := &cobra.Command{Use: "create [OPTIONS] [VOLUME]", Short: "Create a volume", Args: atMost(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, err := c.engine()
		if err != nil {
			return err
		}
		v.Name = strings.Join(args, "")
		_, unknown := e.Volumes.Find(v.Name)
		name, err := volumes.Create(e.Volumes, v)
		if err != nil {
			return err
		}
		if unknown != nil {
			e.Tell("volume", "create", name, map[string]string{"driver": "local"})
		}
		fmt.Fprintln(c.stdout, name)
		return nil
	}
	flags.Add(cmd.Flags(), volumes.Flags(&v))
	return cmd
}

func volumeLsCommand(c *call) *cobra.Command {
	var filters []string
	var text string
	var quiet bool
	cmd := &cobra.Command{Use: "ls [OPTIONS]", Short: "List volumes", Aliases: []string{"list"}, Args: exactly(0)}
	cmd.RunE = func(_ *cobra.Command, _ []string) error {
		wanted, err := filter.Parse(filters, volumes.ListFilters...)
		if err != nil {
			return err
		}
		list, err := volumes.Format(text, quiet)
		if err != nil {
			return err
		}
		e, err := c.engine()
		if err != nil {
			return err
		}
		containers, err := e.Containers.List()
		if err != nil {
			return err
		}
		rows, damaged := volumes.List(e.Volumes, containers, wanted)
		return errors.Join(format.Write(c.stdout, list, volumes.Header, rows), damaged)
	}
	cmd.Flags().StringArrayVarP(&filters, "filter", "f", nil, "only those of which `NAME=VALUE` is true")
	cmd.Flags().StringVar(&text, "format", "", "a `TEMPLATE`, json, or table TEMPLATE")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "only names")
	return cmd
}

func volumeInspectCommand(c *call) *cobra.Command {
	var text string
	cmd := &cobra.Command{Use: "inspect [OPTIONS] VOLUME [VOLUME...]", Short: "Display detailed information on one or more volumes", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error { return c.inspect(text, args, c.inspectVolume) }
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	return cmd
}

func (c *call) inspectVolume(ref string) (any, error) {
	e, err := c.engine()
	if err != nil {
		return nil, err
	}
	return volumes.Inspect(e.Volumes, ref)
}

func volumeRmCommand(c *call) *cobra.Command {
	var force bool
	cmd := &cobra.Command{Use: "rm [OPTIONS] VOLUME [VOLUME...]", Short: "Remove one or more volumes", Aliases: []string{"remove"}, Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, err := c.engine()
		if err != nil {
			return err
		}
		for _, name := range args {
			failed := e.Volumes.Remove(name)
			if failed == nil {
				e.Tell("volume", "destroy", name, map[string]string{"driver": "local"})
			}
			if force && errors.Is(failed, volume.ErrNone) {
				failed = nil
			}
			if failed == nil {
				fmt.Fprintln(c.stdout, name)
			}
			err = errors.Join(err, failed)
		}
		return err
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "that there is none is fine")
	return cmd
}

func volumePruneCommand(c *call) *cobra.Command {
	var all, force bool
	var filters []string
	cmd := &cobra.Command{Use: "prune [OPTIONS]", Short: "Remove unused local volumes", Args: exactly(0)}
	cmd.RunE = func(_ *cobra.Command, _ []string) error {
		wanted, err := filter.Parse(filters, volumes.PruneFilters...)
		if err != nil {
			return err
		}
		if err := volumes.CheckPrune(all, wanted); err != nil {
			return err
		}
		question := "WARNING! This will remove anonymous local volumes not used by at least one container."
		if all {
			question = "WARNING! This will remove all local volumes not used by at least one container."
		}
		if !force && !c.agrees(question) {
			return nil
		}
		return c.reclaimed(c.pruneVolumes(all, wanted))
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "those with a name too")
	cmd.Flags().StringArrayVar(&filters, "filter", nil, "only those of which `NAME=VALUE` is true: label")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

// pruneVolumes removes volumes that nobody uses, tells which, and returns how much room that has made.
func (c *call) pruneVolumes(all bool, wanted filter.Set) (freed int64, err error) {
	e, err := c.engine()
	if err != nil {
		return 0, err
	}
	containers, err := e.Containers.List()
	if err != nil {
		return 0, err
	}
	pruned, err := volumes.Prune(e.Volumes, containers, all, wanted)
	if err != nil {
		return 0, err
	}
	for _, name := range pruned.Names {
		e.Tell("volume", "destroy", name, map[string]string{"driver": "local"})
	}
	e.Tell("volume", "prune", "", map[string]string{"reclaimed": strconv.FormatInt(pruned.Freed, 10)})
	if len(pruned.Names) > 0 {
		fmt.Fprintf(c.stdout, "Deleted Volumes:\n%s\n\n", strings.Join(pruned.Names, "\n"))
	}
	return pruned.Freed, nil
}
