package cli

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Of these commands only the words are read here: the helper does what they say.
var (
	pullCommand = handedOn("pull [OPTIONS] NAME[:TAG|@DIGEST]", "Download an image from a registry", exactly(1), func(set *pflag.FlagSet) {
		set.BoolP("all-tags", "a", false, "download all tagged images in the repository")
		set.String("platform", "", "download for `PLATFORM`, such as linux/arm64")
		set.BoolP("quiet", "q", false, "print only the name")
	})
	pushCommand = handedOn("push [OPTIONS] NAME[:TAG]", "Upload an image to a registry", exactly(1), func(set *pflag.FlagSet) {
		set.BoolP("all-tags", "a", false, "push all tags of an image to the repository")
		set.BoolP("quiet", "q", false, "print only the name")
	})
	loadCommand = handedOn("load [OPTIONS]", "Load an image from a tar archive or STDIN", exactly(0), func(set *pflag.FlagSet) {
		set.StringP("input", "i", "", "read from `FILE` instead of standard input")
		set.String("platform", "", "take the images for `PLATFORM`, such as linux/arm64")
		set.BoolP("quiet", "q", false, "show no progress")
	})
	saveCommand = handedOn("save [OPTIONS] IMAGE [IMAGE...]", "Save one or more images to a tar archive (streamed to STDOUT by default)", atLeast(1), func(set *pflag.FlagSet) {
		set.StringP("output", "o", "", "write to `FILE` instead of standard output")
	})
	loginCommand = handedOn("login [OPTIONS] [SERVER]", "Authenticate to a registry", atMost(1), func(set *pflag.FlagSet) {
		set.StringP("username", "u", "", "log in as `USER`")
		set.StringP("password", "p", "", "the `PASSWORD`, or \"-\" to read it from standard input")
		set.Bool("password-stdin", false, "read the password from standard input")
	})
	logoutCommand = handedOn("logout [SERVER]", "Log out from a registry", atMost(1), func(*pflag.FlagSet) {})
)

func handedOn(use, short string, args cobra.PositionalArgs, flags func(*pflag.FlagSet)) maker {
	return func(c *call) *cobra.Command {
		cmd := &cobra.Command{Use: use, Short: short, Args: args}
		flags(cmd.Flags())
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			words := []string{cmd.Name()}
			own := cmd.LocalNonPersistentFlags()
			cmd.Flags().Visit(func(f *pflag.Flag) {
				if own.Lookup(f.Name) != nil {
					words = append(words, "--"+f.Name+"="+f.Value.String())
				}
			})
			return c.transfer(nil, append(append(words, "--"), args...)...)
		}
		return cmd
	}
}
