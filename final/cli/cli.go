// Package cli is Docker's command line: one file for each command, or a few that are alike, with its help beside it.
//
// What a command does is engine's, or another package's; here its words are read, and what it says is worded.
//
//	cli.go       the commands, and how errors are told
//	call.go      what all commands need
//
// To read: docker(1), and the page of each command.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/daemon"
)

// Run does what args say, and returns the exit code.
func Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	c := &call{stdin: stdin, stdout: stdout, stderr: stderr}
	root := c.commands()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	return c.tell(err)
}

// A status is an exit code of somebody else's: what there was to say has been said.
type status int

// Error is part of error.
func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// A failure is an error with an exit code of its own.
type failure struct {
	code int
	err  error
	hint string // a line below it
}

// Error is part of error.
func (f failure) Error() string { return f.err.Error() }

// Unwrap is part of errors.
func (f failure) Unwrap() error { return f.err }

// tell prints an error and returns the exit code.
func (c *call) tell(err error) int {
	var ended status
	if err == nil {
		return 0
	}
	if errors.As(err, &ended) {
		return int(ended)
	}
	code, hint := 1, ""
	var f failure
	if errors.As(err, &f) {
		code, hint = f.code, f.hint
	}
	fmt.Fprintf(c.stderr, "drydock: %s\n", strings.ReplaceAll(err.Error(), "\n", "\ndrydock: "))
	if hint != "" {
		fmt.Fprint(c.stderr, "\n", hint, "\n")
	}
	return code
}

// A maker makes a command. Each call makes a new one: it may be in two places.
type maker func(*call) *cobra.Command

// commands are all that there are.
func (c *call) commands() *cobra.Command {
	root := &cobra.Command{
		Use:           "drydock [OPTIONS] COMMAND [ARG...]",
		Short:         "Docker you can read",
		SilenceErrors: true, SilenceUsage: true,
		TraverseChildren: true,
		Args:             unknownCommand,
		RunE:             func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&c.root, "root", os.Getenv("DRYDOCK_ROOT"), "keep the state in `DIR` (/var/lib/drydock)")
	root.PersistentFlags().StringVar(&c.config, "config", daemon.File, "the host's settings are in `FILE`")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return failure{125, err, "Usage:  " + cmd.UseLine() + "\n\nRun '" + cmd.CommandPath() + " --help' for more information"}
	})
	root.SetHelpCommand(helpCommand())
	root.SetHelpTemplate(helpTemplate)
	root.PersistentFlags().BoolP("help", "h", false, "print this")
	_ = root.PersistentFlags().MarkShorthandDeprecated("help", "use --help") // there is such a flag
	root.CompletionOptions.HiddenDefaultCmd = true
	for _, group := range groups {
		managed := &cobra.Command{Use: group.use, Short: group.short, Args: unknownCommand, RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(c.stderr) // nobody has asked for help
			return cmd.Help()
		}}
		for _, m := range group.both {
			root.AddCommand(m(c))
			managed.AddCommand(m(c))
		}
		for _, m := range group.own {
			managed.AddCommand(m(c))
		}
		for _, m := range group.top {
			root.AddCommand(m(c))
		}
		root.AddCommand(managed)
	}
	plain(root)
	c.completes(root)
	return root
}

// plain has no usage line end in [flags]: they say OPTIONS already.
func plain(cmd *cobra.Command) {
	cmd.DisableFlagsInUseLine = true
	for _, below := range cmd.Commands() {
		plain(below)
	}
}

// unknownCommand refuses a word that is no command.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "Run '" + cmd.CommandPath() + " --help' for more information"
	if cmd.HasParent() {
		hint = "Usage:  " + cmd.UseLine() + "\n\n" + hint
	}
	return failure{1, fmt.Errorf("unknown command: %s %s", cmd.CommandPath(), args[0]), hint}
}

func helpCommand() *cobra.Command {
	return &cobra.Command{Use: "help [COMMAND]", Short: "Help about a command", RunE: func(cmd *cobra.Command, args []string) error {
		about, _, err := cmd.Root().Find(args)
		if err != nil || len(args) > 0 && about == cmd.Root() {
			return fmt.Errorf("unknown help topic: %s", strings.Join(args, " "))
		}
		return about.Help()
	}}
}

// helpTemplate is how help looks: as Docker's does.
const helpTemplate = `Usage:  {{if .HasAvailableSubCommands}}{{.CommandPath}}{{if not .HasParent}} [OPTIONS]{{end}} COMMAND{{else}}{{.UseLine}}{{end}}

{{.Short}}
{{- if .HasAvailableSubCommands}}

Commands:
{{- range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}
{{- end}}
{{- if .HasAvailableLocalFlags}}

Options:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{- end}}
{{- if .HasAvailableSubCommands}}

Run '{{.CommandPath}} COMMAND --help' for more information on a command.
{{- end}}
`

// A group is the commands on one kind of thing: `drydock container ls`. Those of both, and of top, have a shorter spelling too.
type group struct {
	use, short     string
	both, own, top []maker
}

var groups = []group{
	{
		use: "container", short: "Manage containers",
		both: []maker{runCommand, createCommand, startCommand, stopCommand, killCommand, restartCommand, pauseCommand, unpauseCommand, waitCommand, rmCommand, execCommand, attachCommand, renameCommand, logsCommand, portCommand, diffCommand, updateCommand, topCommand, statsCommand, cpCommand, exportCommand, commitCommand},
		own:  []maker{lsCommand, containerInspectCommand, containerPruneCommand},
		top:  []maker{psCommand, inspectCommand},
	},
	{
		use: "image", short: "Manage images",
		both: []maker{pullCommand, pushCommand, loadCommand, saveCommand, historyCommand, tagCommand, importCommand},
		own:  []maker{imageLsCommand, imageRmCommand, imagePruneCommand, imageInspectCommand},
		top:  []maker{imagesCommand, rmiCommand, loginCommand, logoutCommand},
	},
	{
		use: "volume COMMAND", short: "Manage volumes",
		own: []maker{volumeCreateCommand, volumeInspectCommand, volumeLsCommand, volumePruneCommand, volumeRmCommand},
	},
	{
		use: "network", short: "Manage networks",
		own: []maker{networkConnectCommand, networkCreateCommand, networkDisconnectCommand, networkInspectCommand, networkLsCommand, networkPruneCommand, networkRmCommand},
	},
	{
		use: "system", short: "Manage drydock",
		both: []maker{infoCommand, eventsCommand},
		own:  []maker{dfCommand, systemPruneCommand},
		top:  []maker{versionCommand, doctorCommand, whereCommand, completionCommand},
	},
}
