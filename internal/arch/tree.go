// Package arch holds what the design promises of the source tree, as rules that a
// test runs: who may import whom, how long a page may be, which lines are the same
// in two stages, how the modules name each other.
//
// A rule takes the folder of a tree and returns its problems, one line each, which
// end with the reason of the rule: whoever breaks it learns what it is for. The
// tests run every rule on this tree, where it must find nothing, and on a small tree
// made to break it, testdata/RULE.txtar, where it must find exactly what that file
// says.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// A file is a Go file that is not a test.
type file struct {
	name   string // its path below the tree's folder
	syntax *ast.File
	set    *token.FileSet
	text   []byte
}

// dir is the folder the file is in.
func (f file) dir() string { return path.Dir(f.name) }

// isMain says whether the file is part of a program.
func (f file) isMain() bool { return f.syntax.Name.Name == "main" }

// lines counts the file's lines, comments and blank lines included.
func (f file) lines() int { return strings.Count(string(f.text), "\n") }

// line returns the number of the line that something in the file is on.
func (f file) line(at token.Pos) int { return f.set.Position(at).Line }

// goFiles returns the Go files below root that the rules are about: not tests, not
// fixtures, not what was built, and not what a learner copied.
func goFiles(root string) ([]file, error) {
	var files []file
	err := walk(root, func(name string, text []byte) error {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || isFixture(name) {
			return nil
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, file{name, syntax, set, text})
		return err
	})
	return files, err
}

// isFixture says whether a file is a test's data.
func isFixture(name string) bool { return strings.Contains("/"+name, "/testdata/") }

// walk calls f with every file below root that a commit would hold, in lexical order.
func walk(root string, f func(name string, text []byte) error) error {
	tree := os.DirFS(root)
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch entry.Name() {
			case ".git", ".vagrant", "bin", "build":
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		return f(name, text)
	})
}

// stage returns the number in the first element of a path like
// stage3-unionfs/overlay, and 0 if it is not a stage's.
func stage(name string) int {
	first, _, _ := strings.Cut(name, "/")
	digits, isStage := strings.CutPrefix(first, "stage")
	number, _, hasName := strings.Cut(digits, "-")
	n, err := strconv.Atoi(number)
	if !isStage || !hasName || err != nil {
		return 0
	}
	return n
}

// isMechanism says whether a folder is a package that a stage adds: a package in a
// stage's folder that is not a program.
func isMechanism(f file) bool {
	return stage(f.name) != 0 && f.dir() != "." && strings.Contains(f.dir(), "/") && !f.isMain()
}
