package arch

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
)

// The longest that things may be, in lines as an editor counts them.
const (
	mechanismLines = 600 // what one teaches in an hour
	pageLines      = 150 // a composition, top to bottom
	functionLines  = 60  // one screen
	firstLines     = 80  // live-codable
)

// Sizes is the rule of how long things may be.
func Sizes(root string) ([]string, error) {
	files, err := goFiles(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	tooLong := func(what string, lines, limit int, reason string) {
		if lines > limit {
			problems = append(problems, fmt.Sprintf("%s: %d lines, of at most %d: %s", what, lines, limit, reason))
		}
	}
	mechanisms := map[string]int{}
	for _, f := range files {
		if isMechanism(f) {
			mechanisms[f.dir()] += f.lines()
		}
		switch {
		case stage(f.name) == 0:
		case path.Dir(f.dir()) == "." && slices.Contains(pageNames, path.Base(f.name)):
			tooLong(f.name, f.lines(), pageLines, "a composition is read on one page; what is more belongs in a mechanism")
		case path.Base(f.dir()) == "first":
			tooLong(f.name, f.lines(), firstLines, "the first container is typed in front of people")
		}
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				begin := f.line(fn.Pos())
				tooLong(fmt.Sprintf("%s:%d: %s", f.name, begin, fn.Name.Name),
					f.line(fn.End())-begin+1, functionLines, "a function is read on one screen")
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(mechanisms)) {
		tooLong(dir, mechanisms[dir], mechanismLines, "a stage is what one teaches in an hour; completeness lives in final")
	}
	return problems, nil
}
