// Package cli is the way from what was typed to the function that does it.
package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"drydock/internal/defaults"
	"drydock/internal/flags"
)

// A Program is one whose first argument is a command.
type Program struct {
	Name     string
	Help     string // what it prints when no command is given
	HasState bool   // it takes --root DIR before the command
	// Commands return the exit code; an error is printed. The one called init is not for
	// people: it is how run starts the program a second time, as the container.
	Commands map[string]func(Call) (int, error)
}

// A Call is one command as it was typed, and its surroundings.
type Call struct {
	Root           string   // where the state is kept
	Args           []string // behind the command's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Run does what args say, and returns the exit code: 125 if there is no such command.
func (p Program) Run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	code, err := p.run(args, Call{Root: defaults.StateRoot(), Stdin: stdin, Stdout: stdout, Stderr: stderr})
	if errors.Is(err, flags.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %s\n", p.Name, strings.ReplaceAll(err.Error(), "\n", "\n"+p.Name+": "))
	}
	return code
}

func (p Program) run(args []string, c Call) (int, error) {
	var table []flags.Flag
	if p.HasState {
		table = []flags.Flag{{Name: "root", Value: flags.String{To: &c.Root}}}
	}
	args, err := flags.Parse(table, args)
	switch {
	case errors.Is(err, flags.ErrHelp), err == nil && (len(args) == 0 || args[0] == "help"):
		fmt.Fprint(c.Stdout, p.Help)
		return 0, nil
	case err != nil:
		return 125, err
	}
	command, known := p.Commands[args[0]]
	if !known {
		return 125, fmt.Errorf("'%s' is not a %s command: see '%s --help'", args[0], p.Name, p.Name)
	}
	c.Args = args[1:]
	return command(c)
}

// Each does something with each of what refs name, and prints those with which it went well.
// That it did not with one does not keep it from the next.
func (c Call) Each(refs []string, do func(ref string) error) (int, error) {
	var failed []error
	for _, ref := range refs {
		err := do(ref)
		if err == nil {
			fmt.Fprintln(c.Stdout, ref)
		}
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		return 1, err
	}
	return 0, nil
}
