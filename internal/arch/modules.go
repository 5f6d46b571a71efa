package arch

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Modules returns the modules' folders, as go.work names them: internal, testvm, ….
func Modules(root string) ([]string, error) {
	var work struct{ Use []struct{ DiskPath string } }
	if err := goJSON(root, &work, "work", "edit", "-json"); err != nil {
		return nil, err
	}
	var modules []string
	for _, use := range work.Use {
		modules = append(modules, filepath.Clean(use.DiskPath))
	}
	return modules, nil
}

// Replaces is the rule that every module names those of ours that it needs, directly
// or through another, with a version that does not exist and the folder to take in
// its stead: so it builds alone, in a checkout, without the workspace.
func Replaces(root string) ([]string, error) {
	modules, err := Modules(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	for _, module := range modules {
		want, err := Needs(root, module)
		if err != nil {
			return nil, err
		}
		have, err := Named(root, module)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(want, have) {
			problems = append(problems, fmt.Sprintf("%s/go.mod: replaces %v, and needs %v: "+
				"each stage builds alone; go run ./internal/arch/replace writes these lines", module, have, want))
		}
	}
	return problems, nil
}

// Named returns which modules of ours a module's go.mod replaces by their folders.
func Named(root, module string) ([]string, error) {
	var mod struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := goJSON(root, &mod, "mod", "edit", "-json", module+"/go.mod"); err != nil {
		return nil, err
	}
	named := []string{}
	for _, r := range mod.Replace {
		if r.New.Path == "../"+strings.TrimPrefix(r.Old.Path, ours) {
			named = append(named, strings.TrimPrefix(r.Old.Path, ours))
		}
	}
	slices.Sort(named)
	return named, nil
}

// Needs returns which other modules of ours a module needs, directly or through
// another: go.mod's replace lines hold only for the module that is being built, so it
// names them all.
func Needs(root, module string) ([]string, error) {
	needs := map[string]bool{module: true}
	for pending := []string{module}; len(pending) > 0; {
		direct, err := imports(filepath.Join(root, pending[0]))
		if err != nil {
			return nil, err
		}
		pending = pending[1:]
		for other := range direct {
			if !needs[other] {
				needs[other] = true
				pending = append(pending, other)
			}
		}
	}
	delete(needs, module)
	return append([]string{}, slices.Sorted(maps.Keys(needs))...), nil
}

// imports returns the modules of ours that Go files below dir import, tests included.
func imports(dir string) (map[string]bool, error) {
	modules := map[string]bool{}
	err := walk(dir, func(name string, text []byte) error {
		if !strings.HasSuffix(name, ".go") || isFixture(name) {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if rest, isOurs := strings.CutPrefix(imported, ours); isOurs {
				module, _, _ := strings.Cut(rest, "/")
				modules[module] = true
			}
		}
		return nil
	})
	return modules, err
}

// goJSON runs the go command in a folder and decodes what it prints.
func goJSON(dir string, value any, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go %s in %s: %w", strings.Join(args, " "), dir, err)
	}
	return json.Unmarshal(out, value)
}
