package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/where"
)

func whereCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "where [COMMAND] [FLAG]", Short: "Show which code and what of the kernel is behind a flag or a command",
		Long: "Show which stage, package and function, which file or call of the kernel, and which man page is behind a flag or a command:\n\n" +
			"  drydock where --memory\n  drydock where exec\n  drydock where network create --opt\n  drydock where --markdown",
		DisableFlagParsing: true, // they are what is asked for
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0, len(args) == 1 && args[0] == "--help":
				return cmd.Help()
			case len(args) == 1 && args[0] == "--markdown":
				fmt.Fprint(c.stdout, where.Markdown())
				return nil
			}
			return c.where(cmd.Root(), args)
		},
	}
}

// where looks a flag or a command up in the command line itself, by any of its spellings.
func (c *call) where(root *cobra.Command, args []string) error {
	words, flag := args, ""
	if last := args[len(args)-1]; strings.HasPrefix(last, "-") {
		words, flag = args[:len(args)-1], last
	}
	if len(words) == 0 {
		words = []string{"run"}
	}
	cmd, rest, err := root.Find(words)
	if err != nil || len(rest) > 0 || cmd == root {
		return fmt.Errorf("unknown command: drydock %s", strings.Join(words, " "))
	}
	if flag != "" {
		found := cmd.Flags().Lookup(strings.TrimLeft(flag, "-"))
		if len(flag) == 2 {
			found = cmd.Flags().ShorthandLookup(flag[1:])
		}
		if found == nil {
			return fmt.Errorf("unknown flag: %s has no %s", cmd.CommandPath(), flag)
		}
		flag = "--" + found.Name
	}
	entry, known := where.Find(entryOf(cmd), flag)
	if !known {
		return fmt.Errorf("%s %s: there is nothing of the kernel's behind it: see final/cli", cmd.CommandPath(), flag)
	}
	fmt.Fprint(c.stdout, entry)
	return nil
}

// entryOf is what a command is called in the table: the shorter of its spellings.
func entryOf(cmd *cobra.Command) string {
	words := strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
	if words == "container ls" {
		return "ps"
	}
	for _, group := range []string{"container ", "image ", "system "} {
		short := strings.TrimPrefix(words, group)
		if _, known := where.Find(words, ""); !known {
			words = short
		}
	}
	return words
}
