package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// folder makes files in a new folder; a name that ends in "*" is executable.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		plain, executable := strings.CutSuffix(name, "*")
		mode := os.FileMode(0o600)
		if executable {
			mode = 0o700
		}
		file := filepath.Join(dir, plain)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(plain), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
}

// below lists the files, not the folders, of tree below folder, with modes.
func below(tree Tree, folder string) []string {
	var list []string
	sub := tree.under(folder)
	for _, name := range sub.names() {
		if file := sub[name]; !file.Mode.IsDir() {
			list = append(list, file.Mode.String()+" "+name)
		}
	}
	return list
}

// TestCheckout: what git tracks and what it would offer to, but not what it
// ignores or no longer has; bin beside it; all of it open to everyone.
func TestCheckout(t *testing.T) {
	dir := folder(t, "tracked", "sub/script*", "untracked", "gone", "build/x", "bin/stage1*", ".gitignore")
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("/bin/\n/build/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q")
	git(t, dir, "add", "tracked", "gone", "sub")
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	tree, err := Cargo{Checkout: dir, Bin: filepath.Join(dir, "bin"), Command: "true"}.tree()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"-rw-r--r-- .gitignore", "-rwxr-xr-x bin/stage1", "-rwxr-xr-x sub/script",
		"-rw-r--r-- tracked", "-rw-r--r-- untracked",
	}
	if diff := cmp.Diff(want, below(tree, "drydock")); diff != "" {
		t.Errorf("/drydock has (-want +got):\n%s", diff)
	}
}

func TestCheckoutWithoutGit(t *testing.T) {
	dir := folder(t, "a", "sub/b", "build/x", "bin/stage1*", ".git/HEAD")
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(dir))
	tree, err := Cargo{Checkout: dir, Bin: filepath.Join(dir, "none")}.tree()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"-rw-r--r-- a", "-rw-r--r-- sub/b"}, below(tree, "drydock")); diff != "" {
		t.Errorf("/drydock has (-want +got):\n%s", diff)
	}
}

// TestAdd: modes as they are, and through /bin, which is a link in the guest.
func TestAdd(t *testing.T) {
	dir := folder(t, "secret", "tool*")
	if err := os.Symlink("tool", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	cargo := Cargo{Checkout: folder(t), Add: []string{dir + ":/opt/x", dir + "/tool:/bin/tool"}}
	tree, err := cargo.tree()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Lrwxrwxrwx link", "-rw------- secret", "-rwx------ tool"}, below(tree, "opt/x")); diff != "" {
		t.Errorf("/opt/x has (-want +got):\n%s", diff)
	}
	if _, ok := tree["usr/bin/tool"]; !ok {
		t.Error("/bin/tool did not go to /usr/bin/tool")
	}
	for _, wrong := range []string{"x", "x:relative", ":/x", dir + ":/var/lib/drydock/x", dir + "/missing:/x"} {
		if err := addPair(Tree{}, wrong); err == nil || !strings.HasPrefix(err.Error(), "--add "+wrong) {
			t.Errorf("--add %s: got %v, want an error that names it", wrong, err)
		}
	}
}

// TestShellLine has a shell read the line back.
func TestShellLine(t *testing.T) {
	if got := shellLine([]string{"echo $X; exit 3"}); got != "echo $X; exit 3" {
		t.Errorf("one argument: got %q, want it unchanged", got)
	}
	args := []string{"a b", "", "it's", `$HOME "x" \`, "line\nbreak"}
	out, err := exec.Command("sh", "-c", shellLine(append([]string{"printf", "%s|"}, args...))).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(args, "|") + "|"; string(out) != want {
		t.Errorf("several arguments: got %q, want %q", out, want)
	}
}
