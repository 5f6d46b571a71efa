package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"drydock/final/where"
)

// TestWhereAll has every command, and every flag of those that make things, have an entry.
func TestWhereAll(t *testing.T) {
	root := (&call{}).commands()
	flags := []string{"run", "create", "exec", "update", "network create", "volume create"}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			visit(below)
		}
		words := strings.TrimPrefix(cmd.CommandPath(), "drydock")
		if cmd.HasSubCommands() || words == " help" {
			return
		}
		name := entryOf(cmd)
		if _, known := where.Find(name, ""); !known {
			t.Errorf("the command%s has no entry", words)
		}
		if !slices.Contains(flags, name) {
			return
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if _, known := where.Find(name, "--"+f.Name); !known && !f.Hidden && f.Name != "help" && f.Name != "root" && f.Name != "config" {
				t.Errorf("%s --%s has no entry", name, f.Name)
			}
		})
	}
	visit(root)
}

// TestWhereThere has every entry name a function that is there, and be of something that is there.
func TestWhereThere(t *testing.T) {
	for _, e := range where.All() {
		file, err := parser.ParseFile(token.NewFileSet(), "../../"+e.File, nil, 0)
		if err != nil {
			t.Errorf("%s: %v", e.Of, err)
			continue
		}
		if !slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
			f, isFunc := d.(*ast.FuncDecl)
			return isFunc && f.Name.Name == e.Function
		}) {
			t.Errorf("%s: there is no function %s in %s", e.Of, e.Function, e.File)
		}
		if e.Man == "" {
			t.Errorf("%s: there is nothing to read", e.Of)
		}
		words := strings.Fields(e.Of)
		if _, errs, code := said(t, "", append([]string{"where"}, words...)...); code != 0 {
			t.Errorf("where %s: %s", e.Of, errs)
		}
	}
}

// TestWherePage has docs/where.md be what the command prints.
func TestWherePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/where.md")
	if err != nil {
		t.Fatal(err)
	}
	out, _, _ := said(t, "", "where", "--markdown")
	if diff := cmp.Diff(string(page), out); diff != "" {
		t.Errorf("drydock where --markdown >docs/where.md writes it anew (-there +printed):\n%s", diff)
	}
}

func TestWhere(t *testing.T) {
	want := "--memory\n  stage     2\n  package   stage2-cgroups/limit\n  function  Lines, in stage2-cgroups/limit/limit.go\n" +
		"  kernel    memory.max\n  man page  cgroups(7)\n"
	for _, words := range []string{"--memory", "-m", "run -m", "container create --memory", "update --memory"} {
		if out, errs, _ := said(t, "", append([]string{"where"}, strings.Fields(words)...)...); out != want {
			t.Errorf("where %s: %q, %s", words, out, errs)
		}
	}
	for words, want := range map[string]string{"--nothing": "unknown flag: drydock run has no --nothing", "nothing": "unknown command: drydock nothing"} {
		if _, errs, code := said(t, "", "where", words); code != 1 || errs != "drydock: "+want+"\n" {
			t.Errorf("where %s: exit code %d: %s", words, code, errs)
		}
	}
}
