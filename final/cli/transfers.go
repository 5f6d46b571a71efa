package cli

import (
	"github.com/spf13/cobra"
)

// Of these commands the helper knows everything, their flags and their help too: they are handed on as they were typed.
var (
	pullCommand   = handedOn("pull [OPTIONS] NAME[:TAG|@DIGEST]", "Download an image from a registry")
	pushCommand   = handedOn("push [OPTIONS] NAME[:TAG]", "Upload an image to a registry")
	loadCommand   = handedOn("load [OPTIONS]", "Load an image from a tar archive or STDIN")
	saveCommand   = handedOn("save [OPTIONS] IMAGE [IMAGE...]", "Save one or more images to a tar archive (streamed to STDOUT by default)")
	loginCommand  = handedOn("login [OPTIONS] [SERVER]", "Authenticate to a registry")
	logoutCommand = handedOn("logout [SERVER]", "Log out from a registry")
)

func handedOn(use, short string) maker {
	return func(c *call) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short, DisableFlagParsing: true}
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			return c.transfer(nil, append([]string{cmd.Name()}, args...)...)
		}
		return cmd
	}
}
