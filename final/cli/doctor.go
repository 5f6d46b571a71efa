package cli

import (
	"cmp"
	"path/filepath"

	"github.com/spf13/cobra"

	"drydock/final/daemon"
	"drydock/final/doctor"
	"drydock/internal/defaults"
)

func doctorCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Look whether this host has what containers need", Args: exactly(0),
		Long: "Look whether this host has what containers need: each line is ok, or says what to do. The exit code is 1 if none could run.",
		RunE: func(*cobra.Command, []string) error {
			config, wrong := daemon.Read(c.config)
			root, err := filepath.Abs(cmp.Or(c.root, config.DataRoot, defaults.StateRoot()))
			if err != nil {
				return err
			}
			h := doctor.Host{Root: root, ConfigFile: c.config, Config: wrong, Helper: helperPath}
			well, err := doctor.Write(c.stdout, h.Examine())
			if err == nil && !well {
				return status(1)
			}
			return err
		},
	}
}
