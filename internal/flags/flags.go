// Package flags reads command lines from tables, in Docker's spelling.
//
// A flag is defined once, by the mechanism it belongs to, as a row of data that
// commits to no flag library. The staged programs read such tables with the
// standard library's flag package, here; drydock hands the same tables to pflag.
package flags

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// A Flag is one row: what the user types and where the value goes.
type Flag struct {
	Name  string // without dashes: "hostname"
	Short string // one letter, or empty
	Value flag.Value
	Usage string // one line; the word in back quotes names the argument
}

// Parse reads flags from the front of args and returns what is left: it stops at
// the first word that is no flag, so that everything behind it, dashes included,
// belongs to the container. Errors are worded as Docker words them.
// flag.ErrHelp is returned for -h and --help.
func Parse(table []Flag, args []string) (rest []string, err error) {
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, f := range table {
		set.Var(f.Value, f.Name, f.Usage)
		if f.Short != "" {
			set.Var(f.Value, f.Short, f.Usage)
		}
	}
	if err := set.Parse(args); err != nil {
		return nil, docker(err, table)
	}
	return set.Args(), nil
}

// Arguments parses the arguments of a command that wants between atLeast and atMost of
// them. help, whose first line is the usage, is written to w for -h and --help.
func Arguments(table []Flag, args []string, atLeast, atMost int, help string, w io.Writer) ([]string, error) {
	rest, err := Parse(table, args)
	if errors.Is(err, flag.ErrHelp) {
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

// docker rewords the errors of package flag that differ from Docker's.
func docker(err error, table []Flag) error {
	if name, found := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); found {
		if len(name) == 1 {
			return fmt.Errorf("unknown shorthand flag: '%s' in -%s", name, name)
		}
		return fmt.Errorf("unknown flag: --%s", name)
	}
	if name, found := strings.CutPrefix(err.Error(), "flag needs an argument: -"); found {
		if len(name) == 1 {
			return fmt.Errorf("flag needs an argument: '%s' in -%s", name, name)
		}
		return fmt.Errorf("flag needs an argument: --%s", name)
	}
	// invalid value "x" for flag -name: reason; of a switch: invalid boolean value "x" for -name: reason
	value, after, found := strings.Cut(strings.Replace(err.Error(), " for flag -", " for -", 1), " for -")
	if _, given, invalid := strings.Cut(value, "value "); found && invalid {
		name, reason, _ := strings.Cut(after, ": ")
		return fmt.Errorf("invalid argument %s for %q flag: %s", given, fullName(name, table), reason)
	}
	return err
}

// fullName is a flag as Docker names it in errors, such as "-m, --memory", whichever of
// the two names was used.
func fullName(name string, table []Flag) string {
	for _, f := range table {
		if f.Short != "" && (name == f.Name || name == f.Short) {
			return "-" + f.Short + ", --" + f.Name
		}
	}
	return "--" + name
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

// IsBoolFlag tells package flag that no argument follows.
func (b Bool) IsBoolFlag() bool { return true }

// Set is part of flag.Value.
func (b Bool) Set(s string) error {
	switch s {
	case "true":
		*b.To = true
	case "false":
		*b.To = false
	default:
		return fmt.Errorf("give true or false")
	}
	return nil
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
