package arch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// tree is where this tree's top is, seen from here.
const tree = "../.."

var rules = map[string]func(root string) ([]string, error){
	"imports":  Imports,
	"sizes":    Sizes,
	"copied":   Copied,
	"replaces": Replaces,
	"text":     Text,
}

// TestTree holds every rule against this tree.
func TestTree(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			problems, err := rule(tree)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range problems {
				t.Error(problem)
			}
		})
	}
}

// TestRules breaks every rule, and wants exactly the problems that the file "want"
// of testdata/RULE.txtar has.
func TestRules(t *testing.T) {
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			root, want := unpack(t, "testdata/"+name+".txtar")
			got, err := rule(root)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, strings.Join(got, "\n")+"\n"); diff != "" {
				t.Errorf("problems found (-want +got):\n%s", diff)
			}
		})
	}
}

// unpack writes a txtar archive's files to a folder and returns it, with the content
// of the file "want". Fixtures cannot hold what no file may, nor be long: in a file,
// «CR» stands for a carriage return, «MACHINE» for a path of one machine, and a line
// «100 LINES» for as many lines of comment.
func unpack(t *testing.T, archive string) (root, want string) {
	t.Helper()
	parsed, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	marks := strings.NewReplacer("«CR»", "\r", "«MACHINE»", "/work/"+"main",
		"«100 LINES»\n", strings.Repeat("// line\n", 100), "«10 LINES»\n", strings.Repeat("// line\n", 10))
	root = t.TempDir()
	for _, f := range parsed.Files {
		content := marks.Replace(string(f.Data))
		if f.Name == "want" {
			want = content
			continue
		}
		name := filepath.Join(root, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root, want
}

// TestChangedOnPurpose allows a line that is listed.
func TestChangedOnPurpose(t *testing.T) {
	root, _ := unpack(t, "testdata/copied.txtar")
	got, err := copied(root, map[string]string{
		`stage1-one/run.go: cmd := one.Command("a")`: "the test",
		`stage1-one/run.go: one.Start(cmd)`:          "the test",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 0 {
		t.Errorf("found %q where both lines are listed", got)
	}
}

// TestListsAreCurrent wants every line that is listed as changed on purpose to be
// one that is there, and is changed.
func TestListsAreCurrent(t *testing.T) {
	all, err := copied(tree, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(changed) {
		t.Errorf("%d lines are changed and %d are listed: take the others out of the list:\n%s",
			len(all), len(changed), strings.Join(all, "\n"))
	}
}

// TestModulesAlone vets every module without the workspace, tests included: what it
// imports must be in its own go.mod.
func TestModulesAlone(t *testing.T) {
	modules, err := Modules(tree)
	if err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(tree + "/*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) != len(modules) {
		t.Errorf("go.work has %v and the tree %v", modules, folders)
	}
	for _, module := range modules {
		t.Run(module, func(t *testing.T) {
			cmd := exec.Command("go", "vet", "./...")
			cmd.Dir = filepath.Join(tree, module)
			cmd.Env = append(os.Environ(), "GOWORK=off", "GOOS=linux", "CGO_ENABLED=0")
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("with GOWORK=off: %v\n%s", err, out)
			}
		})
	}
}
