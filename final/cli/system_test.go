package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// said runs a command, and returns all that it says.
func said(t *testing.T, stdin string, words ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, notes strings.Builder
	code = Run(words, strings.NewReader(stdin), &out, &notes)
	return out.String(), notes.String(), code
}

// TestQuestion asks as Docker does, and takes anything but yes for no.
func TestQuestion(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	out, _, code := said(t, "n\n", "--root", root, "system", "prune", "-a", "--volumes", "--filter", "label=a")
	want := `WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all anonymous volumes not used by at least one container
  - all images without at least one container associated to them

  Items to be pruned will be filtered with:
  - label=a

Are you sure you want to continue? [y/N] `
	if out != want || code != 0 {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if _, err := os.Stat(root); err == nil {
		t.Error("there is a state root now, though nobody has agreed")
	}
	_, errs, code := said(t, "", "--root", root, "system", "prune", "--volumes", "--filter", "until=1h")
	if code != 1 || errs != "drydock: ERROR: The \"until\" filter is not supported with \"--volumes\"\n" {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

// TestVersion needs no state root, nor rights to one.
func TestVersion(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	out, errs, code := said(t, "", "--root", root, "version", "--format", "{{.Server.Os}}")
	if out != "linux\n" || errs != "" || code != 0 {
		t.Errorf("exit code %d: %q, %q", code, out, errs)
	}
	if _, err := os.Stat(root); err == nil {
		t.Error("there is a state root now")
	}
}

// TestCompletion has scripts for shells, and names of what there is.
func TestCompletion(t *testing.T) {
	for shell, want := range map[string]string{"bash": "__start_drydock", "zsh": "#compdef drydock", "fish": "complete -c drydock"} {
		if out, errs, code := said(t, "", "completion", shell); code != 0 || errs != "" || !strings.Contains(out, want) {
			t.Errorf("%s: exit code %d: %s", shell, code, errs)
		}
	}
	root := filepath.Join(t.TempDir(), "root")
	if out, errs, code := said(t, "", "--root", root, "volume", "create", "data"); code != 0 || out != "data\n" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, c := range []struct{ words, want string }{
		{"volume rm ", "data\n:4\n"},
		{"volume rm data ", ":4\n"}, // it is there already
		{"network connect ", "bridge\nhost\nnone\n:4\n"},
		{"network connect bridge ", ":4\n"},
		{"volume pru", "prune\tRemove unused local volumes\n:4\n"},
		{"pau", "pause\tPause all processes within one or more containers\n:4\n"},
	} {
		if out, _, _ := said(t, "", append([]string{"__complete", "--root", root}, strings.Split(c.words, " ")...)...); out != c.want {
			t.Errorf("%s: %q, want %q", c.words, out, c.want)
		}
	}
}
