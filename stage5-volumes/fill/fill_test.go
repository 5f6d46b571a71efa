package fill

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// newVolume makes a volume to be filled from /data of a root.
func newVolume(t *testing.T) volume.Mount {
	t.Helper()
	data := filepath.Join(t.TempDir(), "volume", "_data")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	return volume.Mount{Mount: bind.Mount{Source: data, Target: "/data"}, Name: "volume", Fill: true}
}

// files writes files, by path, with content; their folders too.
func files(t *testing.T, dir string, content map[string]string) {
	t.Helper()
	for name, text := range content {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// read is the reverse of files.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	content := map[string]string{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		content[path[len(dir)+1:]] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func fill(t *testing.T, m volume.Mount, root string) {
	t.Helper()
	if err := Volume(m, root); err != nil {
		t.Fatal(err)
	}
}

// TestKernelOnce has ten containers with different roots come at once. The volume has all
// that is in one of the roots, and nothing of another.
func TestKernelOnce(t *testing.T) {
	m := newVolume(t)
	var roots []string
	for i := range 10 {
		content := map[string]string{}
		for n := range 20 {
			content[fmt.Sprintf("data/%d/file", n)] = fmt.Sprint(i)
		}
		roots = append(roots, t.TempDir())
		files(t, roots[i], content)
	}
	var all sync.WaitGroup
	for _, root := range roots {
		all.Go(func() {
			if err := Volume(m, root); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got := read(t, m.Source)
	want := map[string]string{}
	for n := range 20 {
		want[fmt.Sprintf("%d/file", n)] = got["0/file"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("of the first, want all (-want +got):\n%s", diff)
	}
}

// TestKernelWhen says when a volume gets its content.
func TestKernelWhen(t *testing.T) {
	root, other := t.TempDir(), t.TempDir()
	files(t, root, map[string]string{"data/a": "1"})
	files(t, other, map[string]string{"elsewhere": ""})
	full := map[string]string{"a": "1"}
	tests := map[string]struct {
		do   func(m volume.Mount)
		want map[string]string
	}{
		"new":                    {func(volume.Mount) {}, full},
		"not to be filled":       {func(m volume.Mount) { m.Fill = false; fill(t, m, root) }, full},
		"first without anything": {func(m volume.Mount) { fill(t, m, other) }, full},
		"written to":             {func(m volume.Mount) { files(t, m.Source, map[string]string{"b": ""}) }, map[string]string{"b": ""}},
		"filled and emptied": {func(m volume.Mount) {
			fill(t, m, root)
			if err := os.Remove(m.Source + "/a"); err != nil {
				t.Fatal(err)
			}
		}, map[string]string{}},
		"killed while copying": {func(m volume.Mount) { files(t, filepath.Dir(m.Source), map[string]string{"first.new/half": ""}) }, full},
		"killed while moving, half of it": {func(m volume.Mount) {
			files(t, filepath.Dir(m.Source), map[string]string{"first/a": "1", "first/sub/c": "3", "_data/b": "2"})
		}, map[string]string{"a": "1", "b": "2", "sub/c": "3"}},
		"killed while moving, and used": {func(m volume.Mount) {
			files(t, filepath.Dir(m.Source), map[string]string{"first/a": "1", "_data/a": "mine"})
		}, map[string]string{"a": "mine"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := newVolume(t)
			test.do(m)
			fill(t, m, root)
			if diff := cmp.Diff(test.want, read(t, m.Source)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestKernelFaithfully keeps owners, modes and links, of the directory itself too, and of an
// empty one.
func TestKernelFaithfully(t *testing.T) {
	for _, content := range []map[string]string{{}, {"data/file": ""}} {
		root, m := t.TempDir(), newVolume(t)
		data := filepath.Join(root, "data")
		files(t, root, content)
		if err := os.MkdirAll(data, 0o755); err != nil {
			t.Fatal(err)
		}
		for path := range content {
			path = filepath.Join(root, path)
			for _, err := range []error{os.Link(path, data+"/hard"), os.Symlink("/etc/shadow", data+"/soft"), os.Chown(path, 3, 4), os.Chmod(path, 0o600|os.ModeSetuid)} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := os.Chown(data, 1, 2); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(data, 0o750|os.ModeSticky); err != nil {
			t.Fatal(err)
		}
		fill(t, m, root)
		if diff := cmp.Diff(attributes(t, data), attributes(t, m.Source)); diff != "" {
			t.Errorf("%v (-image +volume):\n%s", content, diff)
		}
	}
}

// attributes tells of each file what a copy has to keep.
func attributes(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil {
			stat := info.Sys().(*syscall.Stat_t)
			link, _ := os.Readlink(path) // empty for what is none
			all[path[len(dir):]] = fmt.Sprintf("%v %d:%d %d names %s", info.Mode(), stat.Uid, stat.Gid, stat.Nlink, link)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestKernelInside has links of the image lead to nothing of the host.
func TestKernelInside(t *testing.T) {
	for target, want := range map[string]map[string]string{"/inside": {"a": "1"}, "/etc": {}, "../../../../../../etc": {}, "/inside/a": {}} {
		root, m := t.TempDir(), newVolume(t)
		files(t, root, map[string]string{"inside/a": "1"})
		if err := os.Symlink(target, filepath.Join(root, "data")); err != nil {
			t.Fatal(err)
		}
		fill(t, m, root)
		if diff := cmp.Diff(want, read(t, m.Source)); diff != "" {
			t.Errorf("/data is a link to %s (-want +got):\n%s", target, diff)
		}
	}
}
