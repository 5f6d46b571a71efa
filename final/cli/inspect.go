package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"drydock/final/container/inspect"
	"drydock/final/images/catalog"
	"drydock/final/networks"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

func containerInspectCommand(c *call) *cobra.Command {
	var text string
	var size bool
	cmd := &cobra.Command{Use: "inspect [OPTIONS] CONTAINER [CONTAINER...]", Short: "Display detailed information on one or more containers", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return c.inspect(text, args, func(ref string) (any, error) { return c.inspectContainer(ref, size) })
	}
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	cmd.Flags().BoolVarP(&size, "size", "s", false, "how much of the disk it uses, too")
	return cmd
}

func (c *call) inspectContainer(ref string, size bool) (any, error) {
	e, r, err := c.find(ref)
	if err != nil {
		return nil, err
	}
	known, err := e.Describe(r)
	if err != nil && r.Writer == "drydock" { // what a stage has written has another form
		return nil, err
	}
	at := inspect.Place{Log: e.LogFile(r.ID)}
	if at.Networks, err = networks.List(e.Root); err != nil {
		return nil, err
	}
	o := inspect.Inspect(known, at)
	if size {
		used, err := e.Size(known.Config)
		if err != nil {
			return nil, err
		}
		o.AddSize(used)
	}
	return o, nil
}

// A finder is a kind of things, and how one of them is found and told of.
type finder struct {
	kind string
	find func(ref string) (any, error)
}

func inspectCommand(c *call) *cobra.Command {
	var text, kind string
	var size bool
	cmd := &cobra.Command{Use: "inspect [OPTIONS] NAME|ID [NAME|ID...]", Short: "Return low-level information on Drydock objects", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		finders := []finder{
			{"container", func(ref string) (any, error) { return c.inspectContainer(ref, size) }},
			{"image", c.inspectImage},
			{"network", c.inspectNetwork},
			{"volume", c.inspectVolume},
		}
		if i := slices.IndexFunc(finders, func(f finder) bool { return f.kind == kind }); i >= 0 {
			if size && kind != "container" {
				fmt.Fprintf(c.stderr, "WARNING: --size ignored for %ss\n", kind)
			}
			return c.inspect(text, args, finders[i].find)
		} else if cmd.Flags().Changed("type") {
			return fmt.Errorf("unknown type: %q: must be one of \"container\", \"image\", \"network\", \"volume\"", kind)
		}
		return c.inspect(text, args, func(ref string) (any, error) { return findAny(finders, ref) })
	}
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	cmd.Flags().BoolVarP(&size, "size", "s", false, "how much of the disk it uses, too, if it is a container")
	cmd.Flags().StringVar(&kind, "type", "", "only what is of this `KIND`: container, image, network or volume")
	return cmd
}

// findAny finds the first thing of any kind that has a name.
func findAny(finders []finder, ref string) (any, error) {
	for _, f := range finders {
		object, err := f.find(ref)
		if err == nil || !isNotFound(err) {
			return object, err
		}
	}
	return nil, fmt.Errorf("no such object: %s", ref)
}

func isNotFound(err error) bool {
	return errors.As(err, new(record.NotFound)) || errors.As(err, new(catalog.NotFound)) || errors.As(err, new(networks.NotFound)) || errors.Is(err, volume.ErrNone)
}
