package cp

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// A recorded is what a real Docker said and did: testdata/record.sh says what the fields are.
type recorded struct {
	Words   []string
	Exit    int
	Stdout  string
	Stderr  string
	Changed []string
}

// different are the cases in which we differ on purpose from what was recorded.
var different = map[string]string{
	"cp case:/c/loop -":          "Docker looks where a link leads that it does not follow",
	"cp -L case:/c/loop -":       "the kernel's words: too many levels of symbolic links",
	"cp -L case:/c/loop h/new":   "the same",
	"cp -L case:/c/loop h/empty": "the same",
}

// TestKernelRecorded has us do what Docker has done, each time with directories that are as new.
func TestKernelRecorded(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: make test runs this in the VM")
	}
	model := newWorld(t)
	all := cases(t)
	if len(all) < 200 {
		t.Errorf("only %d cases", len(all))
	}
	for _, docker := range all {
		name := strings.Join(docker.Words, " ")
		if different[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			ours := model.copy(t).run(t, docker.Words)
			if diff := cmp.Diff(plain(docker), plain(ours)); diff != "" {
				t.Errorf("(-Docker +ours):\n%s", diff)
			}
		})
	}
}

func cases(t *testing.T) (all []recorded) {
	file, err := os.Open("testdata/docker.json")
	must(t, err)
	defer file.Close()
	for lines := json.NewDecoder(bufio.NewReader(file)); ; {
		var r recorded
		err := lines.Decode(&r)
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		if r.Words != nil {
			all = append(all, r)
		}
	}
}

// A world is what a case happens in: the container's root directory and the host's, from where cp is called.
type world struct {
	scripts         string
	container, host string
	before          []string
}

func newWorld(t *testing.T) *world {
	scripts, err := filepath.Abs("testdata")
	must(t, err)
	w := &world{scripts: scripts, container: t.TempDir(), host: t.TempDir()}
	w.script(t, nil, "fixture.sh", w.container, "c")
	w.script(t, nil, "fixture.sh", w.host, "h")
	w.before = w.list(t)
	return w
}

// copy makes a world that is as new.
func (w *world) copy(t *testing.T) *world {
	fresh := *w
	fresh.container, fresh.host = t.TempDir(), t.TempDir()
	must(t, tree.Copy(w.container+"/c", fresh.container+"/c"))
	must(t, tree.Copy(w.host+"/h", fresh.host+"/h"))
	return &fresh
}

func (w *world) run(t *testing.T, words []string) recorded {
	t.Chdir(w.host)
	r := recorded{Words: words}
	var stdout bytes.Buffer
	if err := w.cp(t, words, &stdout); err != nil {
		r.Exit, r.Stderr = 1, strings.ReplaceAll(err.Error(), w.host, "$W")
	}
	if r.Stdout = stdout.String(); words[len(words)-1] == "-" && r.Stdout != "" {
		r.Stdout = w.script(t, &stdout, "listing.sh", "-")
	}
	for _, line := range w.list(t) {
		if !slices.Contains(w.before, line) {
			r.Changed = append(r.Changed, line)
		}
	}
	return r
}

// cp is docker cp.
func (w *world) cp(t *testing.T, words []string, stdout io.Writer) error {
	o := Options{Stdout: stdout, Stdin: w.stdin(t, words[0])}
	words = slices.DeleteFunc(slices.Clone(words[1:]), func(word string) bool {
		o.FollowLink = o.FollowLink || word == "-L"
		return word == "-L" || word == "-a"
	})
	from, to, err := ParseBoth(words[0], words[1])
	if err != nil {
		return err
	}
	root, err := os.Open(w.container)
	must(t, err)
	defer root.Close()
	c := Container{Name: from.Container + to.Container, Root: root}
	if c.Name != "case" {
		t.Fatalf("container %q", c.Name)
	}
	if from.Container != "" {
		_, err = FromContainer(c, from.Path, to.Path, o)
	} else {
		_, err = ToContainer(c, from.Path, to.Path, o)
	}
	return err
}

// stdin is what record.sh gives to docker cp.
func (w *world) stdin(t *testing.T, verb string) io.Reader {
	switch verb {
	case "cp":
		return nil
	case "junk":
		return strings.NewReader("junk\n")
	}
	tar, err := exec.Command("tar", "-C", w.host+"/h/dir", "-cf", "-", "file", "sub").Output()
	must(t, err)
	if verb != "putz" {
		return bytes.NewReader(tar)
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(tar)
	must(t, errors.Join(err, zip.Close()))
	return &packed
}

func (w *world) script(t *testing.T, stdin io.Reader, name string, args ...string) string {
	cmd := exec.Command("sh", append([]string{filepath.Join(w.scripts, name)}, args...)...)
	cmd.Stdin, cmd.Stderr = stdin, os.Stderr
	out, err := cmd.Output()
	must(t, err)
	return string(out)
}

// list is what there is on both sides, as listing.sh lists it.
func (w *world) list(t *testing.T) (lines []string) {
	for _, side := range []struct{ label, dir, name string }{{"host ", w.host, "."}, {"container ", w.container, "c"}} {
		must(t, fs.WalkDir(os.DirFS(side.dir), side.name, func(name string, _ fs.DirEntry, err error) error {
			if err == nil && name != "." {
				lines = append(lines, side.label+line(t, side.dir, name))
			}
			return err
		}))
	}
	slices.Sort(lines)
	return lines
}

// line is a line of listing.sh.
func line(t *testing.T, dir, name string) string {
	var stat unix.Stat_t
	must(t, unix.Lstat(filepath.Join(dir, name), &stat))
	kind, size, links, leads, when := "f", stat.Size, stat.Nlink, "", "new"
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		kind, size, links = "d", 0, 0
	case unix.S_IFLNK:
		target, err := os.Readlink(filepath.Join(dir, name))
		must(t, err)
		kind, size, leads = "l", 0, " -> "+target
	case unix.S_IFIFO:
		kind = "p"
	case unix.S_IFCHR:
		kind = "c"
	}
	if stat.Mtim == (unix.Timespec{Sec: 1000000000}) {
		when = "old"
	}
	return fmt.Sprintf("%s %o %d:%d %d %d %s %s%s", kind, stat.Mode&0o7777, stat.Uid, stat.Gid, size, links, when, name, leads)
}

// shell are words that are not the error itself, and come before it.
var shell = regexp.MustCompile(`(?m)^Error response from daemon: |^time=.*|\nSee 'docker.*|\nRun 'docker.*|\n$`)

func plain(r recorded) recorded {
	r.Stderr = strings.TrimSpace(shell.ReplaceAllString(r.Stderr, ""))
	if len(r.Changed) == 0 {
		r.Changed = nil
	}
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
