package arch

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// pageNames are the pages of a stage on which mechanisms are put together.
var pageNames = []string{"config.go", "run.go", "init.go"}

// changed lists lines of a composition page that the next stage changes on purpose,
// as "file: line", with the reason.
var changed = map[string]string{
	"stage1-namespaces/run.go: return process.ExitCode(err), errors.Join(config.Namespace.Remedy(err), cleanup.Run())": "from stage 2 on init may have been killed for memory",
	"stage2-cgroups/run.go: group, err := cgroup.Create(defaults.CgroupParent(), config.Name, config.Limits)":          "from stage 3 on a container has an id",
}

// Copied is the rule that a stage's composition contains the one before it. Pages are
// copied on purpose, so that the difference of two of them is the lesson; so a line
// that uses a mechanism must be in the next stage's page of the same name, word for
// word, or in the list of lines changed on purpose.
func Copied(root string) ([]string, error) { return copied(root, changed) }

func copied(root string, changed map[string]string) ([]string, error) {
	files, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	mechanisms := map[string]bool{}
	pages := map[string]file{} // "2/run.go"
	last := 0
	for _, f := range files {
		if isMechanism(f) {
			mechanisms[f.syntax.Name.Name] = true
		}
		if n := stage(f.name); n != 0 && path.Dir(f.dir()) == "." {
			pages[fmt.Sprint(n, "/", path.Base(f.name))] = f
			last = max(last, n)
		}
	}
	var problems []string
	for n := 1; n < last; n++ {
		for _, name := range pageNames {
			before, after := pages[fmt.Sprint(n, "/", name)], pages[fmt.Sprint(n+1, "/", name)]
			if before.syntax != nil && after.syntax != nil {
				problems = append(problems, drifted(before, after, mechanisms, changed)...)
			}
		}
	}
	return problems, nil
}

// drifted returns the lines of before that use a mechanism and are not in after.
func drifted(before, after file, mechanisms map[string]bool, changed map[string]string) []string {
	there := map[string]bool{}
	for line := range strings.Lines(string(after.text)) {
		there[strings.TrimSpace(line)] = true
	}
	var problems []string
	lines := strings.Split(string(before.text), "\n")
	for _, n := range callLines(before, mechanisms) {
		line := strings.TrimSpace(lines[n-1])
		if there[line] || changed[before.name+": "+line] != "" {
			continue
		}
		problems = append(problems, fmt.Sprintf("%s:%d: %q is not in %s: the difference of two stages is the lesson; "+
			"a line that it changes on purpose is listed in internal/arch, with the reason", before.name, n, line, after.name))
	}
	return problems
}

// callLines returns the numbers of the lines where a call of a mechanism begins.
func callLines(f file, mechanisms map[string]bool) []int {
	var lines []int
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		call, isCall := n.(*ast.CallExpr)
		if !isCall {
			return true
		}
		if function, ok := call.Fun.(*ast.SelectorExpr); ok {
			if name, ok := function.X.(*ast.Ident); ok && mechanisms[name.Name] {
				lines = append(lines, f.line(call.Pos()))
			}
		}
		return true
	})
	slices.Sort(lines)
	return slices.Compact(lines)
}
