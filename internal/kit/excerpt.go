package kit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Excerpts checks that the code a chapter quotes is the code that there is. A fenced
// block of language go that names a file, and perhaps a function or method in it,
//
//	```go run.go:runContainer
//	```go namespace/namespace.go:Config.Flags
//
// must be found there word for word, but for tabs that the whole block lacks. A line
// of just … in the block stands for lines left out. Blocks that name no file are free.
func Excerpts(t *testing.T, file string) {
	t.Helper()
	complaints, err := checkExcerpts(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range complaints {
		t.Error(complaint)
	}
}

func checkExcerpts(file string) ([]string, error) {
	blocks, err := readBlocks(file)
	if err != nil {
		return nil, err
	}
	var complaints []string
	named := 0
	for _, b := range blocks {
		if !b.is("go") || len(b.info) == 1 {
			continue
		}
		named++
		name, function, _ := strings.Cut(b.info[1], ":")
		source, err := sourceLines(filepath.Join(filepath.Dir(file), name), function)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, b.line-1, err)
		}
		if bad, ok := findExcerpt(b.lines, source); !ok {
			complaints = append(complaints,
				fmt.Sprintf("%s:%d: %s goes on in another way than here:\n\t%s", file, b.line+bad, b.info[1], b.lines[bad]))
		}
	}
	if named == 0 {
		return nil, fmt.Errorf("%s: no go block names a file", file)
	}
	return complaints, nil
}

// sourceLines returns the lines of a Go file, or of one function with its comment.
func sourceLines(file, function string) ([]string, error) {
	data, err := os.ReadFile(file)
	if err != nil || function == "" {
		return strings.Split(string(data), "\n"), err
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, file, data, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	for _, decl := range tree.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || funcName(f) != function {
			continue
		}
		start := f.Pos()
		if f.Doc != nil {
			start = f.Doc.Pos()
		}
		text := data[files.Position(start).Offset:files.Position(f.End()).Offset]
		return strings.Split(string(text), "\n"), nil
	}
	return nil, fmt.Errorf("%s has no function %s", file, function)
}

// funcName returns a function's name, a method's as Type.Method.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	kind := f.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if ident, ok := kind.(*ast.Ident); ok {
		return ident.Name + "." + f.Name.Name
	}
	return f.Name.Name
}

// findExcerpt looks for an excerpt in source, indented by any number of tabs. If it
// is not there, bad is the line of the excerpt up to which the best attempt came.
func findExcerpt(excerpt, source []string) (bad int, ok bool) {
	for tabs := range 8 {
		reached := follow(excerpt, source, strings.Repeat("\t", tabs))
		if reached == len(excerpt) {
			return 0, true
		}
		bad = max(bad, reached)
	}
	return bad, false
}

// follow returns how many lines of the excerpt it finds in source with the given
// indentation: runs of lines between lines left out, each at its first place after
// the one before.
func follow(excerpt, source []string, tabs string) int {
	for i := 0; i < len(excerpt); {
		if strings.TrimSpace(excerpt[i]) == "…" {
			i++
			continue
		}
		end := i
		for end < len(excerpt) && strings.TrimSpace(excerpt[end]) != "…" {
			end++
		}
		at, length := findRun(excerpt[i:end], source, tabs)
		if i+length < end {
			return i + length
		}
		i, source = end, source[at+length:]
	}
	return len(excerpt)
}

// findRun returns where in source the longest beginning of run is, and its length.
func findRun(run, source []string, tabs string) (at, length int) {
	for i := range source {
		n := 0
		for n < len(run) && i+n < len(source) && source[i+n] == indented(run[n], tabs) {
			n++
		}
		if n > length {
			at, length = i, n
		}
		if n == len(run) {
			break
		}
	}
	return at, length
}

func indented(line, tabs string) string {
	if line == "" {
		return ""
	}
	return tabs + line
}
