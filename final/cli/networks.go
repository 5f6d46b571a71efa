package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/engine"
	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/networks"
	"drydock/final/networks/create"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/remove"
	"drydock/final/networks/show"
	"drydock/internal/flags"
)

func networkCreateCommand(c *call) *cobra.Command {
	var v create.Values
	cmd := &cobra.Command{Use: "create [OPTIONS] NETWORK", Short: "Create a network", Args: exactly(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, err := c.engine()
		if err != nil {
			return err
		}
		id, err := create.Create(e.Root, args[0], v, c.note)
		if err != nil {
			return err
		}
		e.Tell("network", "create", id, map[string]string{"name": args[0], "type": "bridge"})
		fmt.Fprintln(c.stdout, id)
		return nil
	}
	flags.Add(cmd.Flags(), create.Flags(&v))
	return cmd
}

func networkLsCommand(c *call) *cobra.Command {
	var filters []string
	var text string
	var quiet, whole bool
	cmd := &cobra.Command{Use: "ls [OPTIONS]", Short: "List networks", Aliases: []string{"list"}, Args: exactly(0)}
	cmd.RunE = func(_ *cobra.Command, _ []string) error {
		wanted, err := filter.Parse(filters, show.Filters...)
		if err != nil {
			return err
		}
		list, err := format.Parse(text, show.Columns, quiet)
		if err != nil {
			return err
		}
		e, err := c.engine()
		if err != nil {
			return err
		}
		rows, err := show.List(e.Root, wanted, whole)
		if err != nil {
			return err
		}
		return format.Write(c.stdout, list, show.RowHeader, rows)
	}
	cmd.Flags().StringArrayVarP(&filters, "filter", "f", nil, "only those of which `NAME=VALUE` is true")
	cmd.Flags().StringVar(&text, "format", "", "a `TEMPLATE`, json, or table TEMPLATE")
	cmd.Flags().BoolVar(&whole, "no-trunc", false, "whole ids")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "only ids")
	return cmd
}

func networkInspectCommand(c *call) *cobra.Command {
	var text string
	var verbose bool
	cmd := &cobra.Command{Use: "inspect [OPTIONS] NETWORK [NETWORK...]", Short: "Display detailed information on one or more networks", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error { return c.inspect(text, args, c.inspectNetwork) }
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "with what swarms add to it: there are none")
	return cmd
}

func (c *call) inspectNetwork(ref string) (any, error) {
	e, err := c.engine()
	if err != nil {
		return nil, err
	}
	n, err := networks.Find(e.Root, ref)
	if err != nil {
		return nil, err
	}
	return show.Inspect(n, func(id string) string {
		if r, err := e.Containers.Read(id); err == nil {
			return r.Name
		}
		return id
	}), nil
}

func networkRmCommand(c *call) *cobra.Command {
	var force bool
	cmd := &cobra.Command{Use: "rm NETWORK [NETWORK...]", Short: "Remove one or more networks", Aliases: []string{"remove"}, Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, err := c.engine()
		if err != nil {
			return err
		}
		for _, ref := range args {
			n, _ := networks.Find(e.Root, ref) // only for the event
			removed, failed := remove.Network(e.Root, ref, force)
			if removed {
				e.Tell("network", "destroy", n.ID, map[string]string{"name": n.Name, "type": "bridge"})
				fmt.Fprintln(c.stdout, ref)
			}
			err = errors.Join(err, failed)
		}
		return err
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "that there is none is fine")
	return cmd
}

func networkPruneCommand(c *call) *cobra.Command {
	var force bool
	var filters []string
	cmd := &cobra.Command{Use: "prune [OPTIONS]", Short: "Remove all unused networks", Args: exactly(0)}
	cmd.RunE = func(_ *cobra.Command, _ []string) error {
		wanted, err := filter.Parse(filters, remove.PruneFilters...)
		if err != nil {
			return err
		}
		if !force && !c.agrees("WARNING! This will remove all custom networks not used by at least one container.") {
			return nil
		}
		return c.pruneNetworks(wanted)
	}
	cmd.Flags().StringArrayVar(&filters, "filter", nil, "only those of which `NAME=VALUE` is true: until, label")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

// pruneNetworks removes the networks that no container is on, or is to be on, and tells which.
func (c *call) pruneNetworks(wanted filter.Set) error {
	e, err := c.engine()
	if err != nil {
		return err
	}
	used, err := e.WantedNetworks()
	if err != nil {
		return err
	}
	removed, err := remove.Prune(e.Root, wanted, time.Now(), func(name string) bool { return used[name] })
	e.Tell("network", "prune", "", map[string]string{"reclaimed": "0"})
	if len(removed) > 0 {
		fmt.Fprintf(c.stdout, "Deleted Networks:\n%s\n\n", strings.Join(removed, "\n"))
	}
	return err
}

func networkConnectCommand(c *call) *cobra.Command {
	var w endpoint.Wish
	cmd := &cobra.Command{Use: "connect [OPTIONS] NETWORK CONTAINER", Short: "Connect a container to a network", Args: exactly(2)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, r, err := c.find(args[1])
		if err != nil {
			return err
		}
		w.Network = args[0]
		return e.Connect(r, w)
	}
	flags.Add(cmd.Flags(), endpoint.ConnectFlags(&w))
	return cmd
}

func networkDisconnectCommand(c *call) *cobra.Command {
	var force bool
	cmd := &cobra.Command{Use: "disconnect [OPTIONS] NETWORK CONTAINER", Short: "Disconnect a container from a network", Args: exactly(2)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		e, r, err := c.find(args[1])
		if err != nil {
			return err
		}
		err = e.Disconnect(r, args[0])
		if force && errors.As(err, new(engine.NotRunning)) {
			return nil
		}
		return err
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "also one that has ended without giving its place back")
	return cmd
}
