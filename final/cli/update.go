package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"drydock/final/engine"
	"drydock/final/resources"
	"drydock/final/restart"
	"drydock/internal/flags"
	"drydock/internal/record"
)

func updateCommand(c *call) *cobra.Command {
	var change resources.Resources
	var policy string
	cmd := &cobra.Command{Use: "update [OPTIONS] CONTAINER [CONTAINER...]", Short: "Update configuration of one or more containers", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if cmd.Flags().NFlag() == 0 {
			return errors.New("you must provide one or more flags when using this command")
		}
		if policy != "" {
			if _, err := restart.Parse(policy, false); err != nil {
				return err
			}
		}
		return c.each(args, func(e *engine.Engine, r record.Record) error { return e.Update(r, change, policy) })
	}
	flags.Add(cmd.Flags(), append(resources.UpdateFlags(&change), restart.Flag(&policy)))
	return cmd
}
