package cli

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/internal/flags"
)

func TestRun(t *testing.T) {
	t.Setenv("DRYDOCK_ROOT", "/state")
	p := Program{Name: "ship", Help: "help\n", HasState: true, Commands: map[string]func(Call) (int, error){
		"show":        func(c Call) (int, error) { fmt.Fprintln(c.Stdout, c.Root, c.Args); return 3, nil },
		"fail":        func(Call) (int, error) { return 4, errors.New("one\ntwo") },
		"help-of-one": func(Call) (int, error) { return 125, flags.ErrHelp },
		"each": func(c Call) (int, error) {
			return c.Each(c.Args, func(ref string) error {
				if ref == "bad" {
					return errors.New("no bad")
				}
				return nil
			})
		},
	}}
	stateless := p
	stateless.HasState = false
	type result struct {
		Code        int
		Out, Stderr string
	}
	for _, test := range []struct {
		program Program
		args    []string
		want    result
	}{
		{p, nil, result{0, "help\n", ""}},
		{p, []string{"help"}, result{0, "help\n", ""}},
		{p, []string{"--help"}, result{0, "help\n", ""}},
		{p, []string{"show", "-a", "b"}, result{3, "/state [-a b]\n", ""}},
		{p, []string{"--root", "/other", "show", "--root"}, result{3, "/other [--root]\n", ""}},
		{stateless, []string{"--root", "/other", "show"}, result{125, "", "ship: unknown flag: --root\n"}},
		{p, []string{"sail"}, result{125, "", "ship: 'sail' is not a ship command: see 'ship --help'\n"}},
		{p, []string{"fail"}, result{4, "", "ship: one\nship: two\n"}},
		{p, []string{"help-of-one"}, result{0, "", ""}},
		{p, []string{"each", "a", "bad", "c"}, result{1, "a\nc\n", "ship: no bad\n"}},
		{p, []string{"each", "a"}, result{0, "a\n", ""}},
	} {
		var out, stderr bytes.Buffer
		code := test.program.Run(test.args, nil, &out, &stderr)
		if d := cmp.Diff(test.want, result{code, out.String(), stderr.String()}); d != "" {
			t.Errorf("%q (-want +got):\n%s", test.args, d)
		}
	}
}
