package flags

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := []struct {
		args string
		rest string
		err  string
	}{
		{args: "--name web root sh -c ls", rest: "root sh -c ls"},
		{args: "-e A=1 --env B=2 root", rest: "root"},
		{args: "root --name web", rest: "root --name web"},
		{args: "-- --name", rest: "--name"},
		{args: "--nmae web", err: "unknown flag: --nmae"},
		{args: "-qeA=1 -e=B=2 root", rest: "root"},
		{args: "-qx", err: "unknown shorthand flag: 'x' in -x"},
		{args: "-name web", err: "unknown shorthand flag: 'n' in -name"},
		{args: "-e", err: "flag needs an argument: 'e' in -e"},
		{args: "-x", err: "unknown shorthand flag: 'x' in -x"},
		{args: "--quiet=maybe root", err: `invalid argument "maybe" for "-q, --quiet" flag: strconv.ParseBool: parsing "maybe": invalid syntax`},
		{args: "--name", err: "flag needs an argument: --name"},
	}
	for _, test := range tests {
		var name string
		var env []string
		table := []Flag{
			{Name: "name", Value: String{&name}, Usage: "a `NAME`"},
			{Name: "env", Short: "e", Value: List{&env}, Usage: "a variable"},
			{Name: "quiet", Short: "q", Value: Bool{new(bool)}, Usage: "say nothing"},
		}
		rest, err := Parse(table, strings.Fields(test.args))
		message := ""
		if err != nil {
			message = err.Error()
		}
		if message != test.err {
			t.Errorf("%s: error %q, want %q", test.args, message, test.err)
		}
		if got := strings.Join(rest, " "); got != test.rest {
			t.Errorf("%s: left over %q, want %q", test.args, got, test.rest)
		}
	}
}

func TestValues(t *testing.T) {
	var on bool
	var env []string
	table := []Flag{
		{Name: "read-only", Value: Bool{&on}, Usage: "no writing"},
		{Name: "env", Short: "e", Value: List{&env}, Usage: "set `K=V`"},
	}
	if _, err := Parse(table, []string{"--read-only", "-e", "A=1", "--env=B=2", "x"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"A=1", "B=2"}, env); diff != "" || !on {
		t.Errorf("on = %v, env (-want +got):\n%s", on, diff)
	}
	if _, err := Parse(table, []string{"--help"}); !errors.Is(err, ErrHelp) {
		t.Errorf("--help: %v, want ErrHelp", err)
	}
	var help strings.Builder
	Help(&help, table)
	want := "      --read-only              no writing\n  -e, --env K=V                set K=V\n"
	if diff := cmp.Diff(want, help.String()); diff != "" {
		t.Errorf("help (-want +got):\n%s", diff)
	}
}
