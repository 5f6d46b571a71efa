// Package flags reads command lines from tables, as Docker does.
//
// A flag is defined once, by the mechanism it belongs to, as a row of data that
// commits to no flag library. Here the rows are handed to pflag, which is Docker's own:
// so -aq, -m64m and --memory=64m mean what Docker's users expect, and errors are worded
// as they know them.
package flags

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// A Flag is one row: what the user types and where the value goes.
type Flag struct {
	Name  string // without dashes: "hostname"
	Short string // one letter, or empty
	Value flag.Value
	Usage string // one line; the word in back quotes names the argument
}

// ErrHelp is the error of Parse for -h and --help, where these are no flags.
var ErrHelp = pflag.ErrHelp

// Parse reads flags from the front of args and returns what is left: it stops at
// the first word that is no flag, so that everything behind it, dashes included,
// belongs to the container.
func Parse(table []Flag, args []string) (rest []string, err error) {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SetInterspersed(false)
	set.Usage = func() {} // whoever called prints the help
	Add(set, table)
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	return set.Args(), nil
}

// Add adds a table to a set of pflag's.
func Add(set *pflag.FlagSet, table []Flag) {
	for _, f := range table {
		added := set.VarPF(value{f.Value}, f.Name, f.Short, f.Usage)
		if _, isSwitch := f.Value.(Bool); isSwitch {
			added.NoOptDefVal = "true" // no argument follows
		}
	}
}

// A value is a flag.Value as pflag wants one.
type value struct{ flag.Value }

// Type is what pflag's own help shows.
func (v value) Type() string {
	if _, isSwitch := v.Value.(Bool); isSwitch {
		return "bool"
	}
	return "string"
}

// Arguments parses the arguments of a command that wants between atLeast and atMost of
// them. help, whose first line is the usage, is written to w for -h and --help.
func Arguments(table []Flag, args []string, atLeast, atMost int, help string, w io.Writer) ([]string, error) {
	rest, err := Parse(table, args)
	if errors.Is(err, ErrHelp) {
		fmt.Fprint(w, help)
		Help(w, table)
	}
	usage, _, _ := strings.Cut(strings.TrimPrefix(help, "Usage: "), "\n")
	switch {
	case err == nil && len(rest) < atLeast:
		err = fmt.Errorf("there are arguments missing: %s", usage)
	case err == nil && len(rest) > atMost:
		err = fmt.Errorf("%q is one argument too many: %s", rest[atMost], usage)
	}
	return rest, err
}

// Help writes the table as the flags part of a help text, one line a flag.
func Help(w io.Writer, table []Flag) {
	for _, f := range table {
		short := "   "
		if f.Short != "" {
			short = "-" + f.Short + ","
		}
		argument, usage := flag.UnquoteUsage(&flag.Flag{Usage: f.Usage, Value: f.Value})
		fmt.Fprintf(w, "  %s --%-22s %s\n", short, strings.TrimSpace(f.Name+" "+argument), usage)
	}
}

// Bool is a switch: given, or not.
type Bool struct{ To *bool }

// String is part of flag.Value.
func (b Bool) String() string { return "" }

// IsBoolFlag says that no argument follows.
func (b Bool) IsBoolFlag() bool { return true }

// Set is part of flag.Value.
func (b Bool) Set(text string) (err error) {
	*b.To, err = strconv.ParseBool(text)
	return err
}

// String is one text, taken as it is.
type String struct{ To *string }

// String is part of flag.Value.
func (s String) String() string { return "" }

// Set is part of flag.Value.
func (s String) Set(text string) error { *s.To = text; return nil }

// List is a flag that may be given several times.
type List struct{ To *[]string }

// String is part of flag.Value.
func (l List) String() string { return "" }

// Set is part of flag.Value.
func (l List) Set(text string) error { *l.To = append(*l.To, text); return nil }
