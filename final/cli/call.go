package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"drydock/final/engine"
	"drydock/internal/record"
)

// A call is one command as it was typed, and its surroundings.
type call struct {
	root, config   string
	stdin          io.Reader
	stdout, stderr io.Writer
	opened         *engine.Engine
}

// engine opens the state root, once, and cleans up what dead supervisors have left there.
func (c *call) engine() (*engine.Engine, error) {
	if c.opened != nil {
		return c.opened, nil
	}
	e, err := c.look()
	if err == nil {
		e.Sweep()
		c.opened = e
	}
	return e, err
}

// look is engine for who is about to look at all containers, and cleans up only if that is needed: of hundreds, all is read once.
func (c *call) look() (*engine.Engine, error) { return engine.Open(c.root, c.config, c.note) }

// note tells the user something.
func (c *call) note(text string) { fmt.Fprintln(c.stderr, "drydock:", text) }

// find opens the state root and finds a container.
func (c *call) find(ref string) (*engine.Engine, record.Record, error) {
	e, err := c.engine()
	if err != nil {
		return nil, record.Record{}, err
	}
	r, err := e.Find(ref)
	return e, r, err
}

// each does something with each of the containers that refs name, and prints those with which it went well. That it did not with
// one does not keep it from the next.
func (c *call) each(refs []string, do func(*engine.Engine, record.Record) error) error {
	var failed []error
	for _, ref := range refs {
		e, r, err := c.find(ref)
		if err == nil {
			err = do(e, r)
		}
		if err == nil {
			fmt.Fprintln(c.stdout, ref)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// atLeast and exactly refuse other numbers of arguments, in Docker's words.
func atLeast(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= n {
			return nil
		}
		err := wrongNumber(cmd, "at least ", n)
		err.hint = strings.Replace(err.hint, "\n\nRun '", "\n\nSee '", 1) // as Docker has it here, and nowhere else
		return err
	}
}

func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return wrongNumber(cmd, "", n)
	}
}

func wrongNumber(cmd *cobra.Command, bound string, n int) failure {
	how := fmt.Sprintf("requires %s%d arguments", bound, n)
	switch n {
	case 0:
		how = "accepts no arguments"
	case 1:
		how = strings.TrimSuffix(how, "s")
	}
	return failure{
		1, fmt.Errorf("'%s' %s", cmd.CommandPath(), how),
		"Usage:  " + cmd.UseLine() + "\n\nRun '" + cmd.CommandPath() + " --help' for more information",
	}
}

// isTerminal tells whether something is one.
func isTerminal(stream any) bool {
	file, isFile := stream.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= n {
			return nil
		}
		return wrongNumber(cmd, "at most ", n)
	}
}

// agrees asks the user, who has to say yes.
func (c *call) agrees(question string) bool {
	fmt.Fprintf(c.stdout, "%s\nAre you sure you want to continue? [y/N] ", question)
	answer, err := bufio.NewReader(c.stdin).ReadString('\n')
	if err != nil {
		fmt.Fprintln(c.stdout)
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		return wrongNumber(cmd, fmt.Sprintf("at least %d and at most ", least), most)
	}
}

// warn tells the user something in Docker's words, which have a beginning of their own.
func (c *call) warn(text string) { fmt.Fprintln(c.stderr, text) }

// filters are a flag that is given once for each filter.
type filters struct{ to *[]string }

// String is part of pflag.Value.
func (f filters) String() string { return "" }

// Type is part of pflag.Value.
func (f filters) Type() string { return "filter" }

// Set is part of pflag.Value.
func (f filters) Set(text string) error {
	if text != "" && !strings.Contains(text, "=") {
		return errors.New("bad format of filter (expected name=value)")
	}
	*f.to = append(*f.to, text)
	return nil
}
