package layer

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/opencontainers/go-digest"
	"golang.org/x/sys/unix"

	"drydock/internal/tree"
)

// file, dir, link and so on are entries for tarOf.
func file(name, content string) entry {
	return entry{&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))}, content}
}

func dir(name string) entry {
	return entry{&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755}, ""}
}

func symlink(name, target string) entry {
	return entry{&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}, ""}
}

func hardlink(name, target string) entry {
	return entry{&tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}, ""}
}

type entry struct {
	header  *tar.Header
	content string
}

// tarOf is a tar file of entries.
func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if e.header.ModTime.IsZero() {
			e.header.ModTime = time.Unix(1000000000, 0)
		}
		must(t, w.WriteHeader(e.header))
		_, err := w.Write([]byte(e.content))
		must(t, err)
	}
	must(t, w.Close())
	return out.Bytes()
}

// TestRootHostile has layers try to reach outside. The folder around the layer's must be as
// before, and an error names the entry.
func TestRootHostile(t *testing.T) {
	needRoot(t)
	whiteout := entry{&tar.Header{Typeflag: tar.TypeChar, Name: "null", Mode: 0o666}, ""}
	overlay := file("x", "")
	overlay.header.PAXRecords = map[string]string{"SCHILY.xattr.trusted.overlay.redirect": "/etc"}
	tests := map[string]struct {
		entries []entry
		err     string
	}{
		"dots":                    {[]entry{file("../outside", "x")}, `entry "../outside": its name leads out of the layer`},
		"dots in the middle":      {[]entry{file("a/../../outside", "x")}, `entry "a/../../outside": its name leads out of the layer`},
		"absolute":                {[]entry{file("/outside", "x")}, ""}, // is inside
		"absolute dots":           {[]entry{file("/../outside", "x")}, `entry "/../outside": its name leads out of the layer`},
		"through a link":          {[]entry{symlink("out", ".."), file("out/outside", "x")}, ""},
		"through an absolute one": {[]entry{symlink("out", "OUTSIDE"), file("out/victim", "x")}, `entry "out/victim": its directory: not a directory`},
		"link swapped for a directory": {
			[]entry{dir("d"), file("d/a", "x"), symlink("d", "OUTSIDE"), file("d/victim", "x")},
			`entry "d/victim": its directory: not a directory`,
		},
		"write to a link":          {[]entry{symlink("l", "OUTSIDE/victim"), file("l", "x")}, ""},
		"hard link out":            {[]entry{hardlink("l", "../outside/victim")}, `entry "l": it links to "../outside/victim": its name leads out of the layer`},
		"hard link through a link": {[]entry{symlink("out", "OUTSIDE"), hardlink("l", "out/victim"), file("l", "x")}, `entry "l": it links to "out/victim": its directory: no such file or directory`},
		"hard link to a link":      {[]entry{symlink("s", "OUTSIDE/victim"), hardlink("l", "s"), file("l", "x")}, ""},
		"hard link to nothing":     {[]entry{hardlink("l", "later")}, `entry "l": it links to "later", which must be an earlier entry of the layer: no such file or directory`},
		"whiteout of the parent":   {[]entry{file("a/.wh...", "")}, `entry "a/.wh...": there is nothing that it could hide`},
		"whiteout through a link":  {[]entry{symlink("out", "OUTSIDE"), file("out/.wh.victim", "")}, `entry "out/.wh.victim": its directory: not a directory`},
		"whiteout device":          {[]entry{whiteout}, `entry "null": a device 0:0 is how overlayfs notes a deleted file, and cannot be in a layer`},
		"overlay's attribute":      {[]entry{overlay}, `entry "x": its attribute trusted.overlay.redirect is overlayfs's own`},
		"root as a file":           {[]entry{file(".", "x")}, `entry ".": the root can only be a directory`},
		"directory below a file":   {[]entry{file("f", "x"), file("f/x", "x")}, `entry "f/x": its directory: not a directory`},
		"whiteout as a directory":  {[]entry{file(".wh.d/x", "x")}, `entry ".wh.d/x": its directory: a directory cannot be called .wh.d`},
		"root begun anew":          {[]entry{file(".wh..wh..opq", "")}, `entry ".wh..wh..opq": a layer cannot begin the root anew`},
		"too many":                 {[]entry{file("1", ""), file("2", ""), file("3", ""), file("4", ""), file("5", "")}, `entry "5": the layer is larger than it may be`},
		"too many implied":         {[]entry{file("1/2/3/4/5", "")}, `entry "1/2/3/4/5": its directory: the layer is larger than it may be`},
		"too large":                {[]entry{file("big", strings.Repeat("x", 2000))}, `entry "big": the layer is larger than it may be`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			around := t.TempDir()
			outside, in := filepath.Join(around, "outside"), filepath.Join(around, "layer")
			must(t, errors.Join(os.Mkdir(outside, 0o755), os.Mkdir(in, 0o755), os.WriteFile(filepath.Join(outside, "victim"), []byte("mine"), 0o600)))
			before := listing(t, outside)
			for _, e := range test.entries {
				e.header.Linkname = strings.Replace(e.header.Linkname, "OUTSIDE", outside, 1)
			}
			_, err := Apply(bytes.NewReader(tarOf(t, test.entries...)), in, Limits{Bytes: 1000, Entries: 4})
			if got := text(err); got != test.err {
				t.Errorf("got  %s\nwant %s", got, test.err)
			}
			if diff := cmp.Diff(before, listing(t, outside)); diff != "" {
				t.Errorf("outside (-before +after):\n%s", diff)
			}
			if entries, err := os.ReadDir(around); err != nil || len(entries) != 2 {
				t.Errorf("beside the layer: %v %v", entries, err)
			}
		})
	}
}

// TestRootApply looks at what layers become.
func TestRootApply(t *testing.T) {
	needRoot(t)
	tests := map[string]struct {
		entries []entry
		want    []string
	}{
		"missing parents":       {[]entry{file("a/b/c", "x")}, []string{"/a dir", "/a/b dir", "/a/b/c x"}},
		"the later holds":       {[]entry{file("f", "1"), file("f", "2")}, []string{"/f 2"}},
		"file, then directory":  {[]entry{file("f", "1"), dir("f"), file("f/x", "2")}, []string{"/f dir", "/f/x 2"}},
		"directory, then file":  {[]entry{dir("f"), file("f/x", "2"), file("f", "1")}, []string{"/f 1"}},
		"whiteout":              {[]entry{dir("d"), file("d/.wh.gone", "")}, []string{"/d dir", "/d/gone whiteout"}},
		"opaque":                {[]entry{dir("d"), file("d/.wh..wh..opq", ""), file("d/new", "x")}, []string{"/d dir opaque", "/d/new x"}},
		"opaque at the end":     {[]entry{dir("d"), file("d/new", "x"), file("d/.wh..wh..opq", "")}, []string{"/d dir opaque", "/d/new x"}},
		"whiteout, then file":   {[]entry{file(".wh.f", ""), file("f", "x")}, []string{"/f x"}},
		"file, then whiteout":   {[]entry{file("f", "x"), file(".wh.f", "")}, []string{"/f x"}},
		"whiteout, then dir":    {[]entry{file(".wh.d", ""), dir("d"), file("d/x", "x")}, []string{"/d dir opaque", "/d/x x"}},
		"whiteout, then inside": {[]entry{file(".wh.d", ""), file("d/x", "x")}, []string{"/d dir opaque", "/d/x x"}},
		"dir, then whiteout":    {[]entry{dir("d"), file("d/x", "x"), file(".wh.d", "")}, []string{"/d dir opaque", "/d/x x"}},
		"aufs's own notes":      {[]entry{file(".wh..wh.plnk", ""), file(".wh..wh.aufs", "")}, nil},
		"a link as parent":      {[]entry{dir("real"), symlink("l", "real"), file("l/x", "x")}, []string{"/l -> real", "/real dir", "/real/x x"}},
		"an absolute link":      {[]entry{dir("real"), symlink("l", "/real"), file("l/x", "x")}, []string{"/l -> /real", "/real dir", "/real/x x"}},
		"hard link":             {[]entry{file("f", "x"), hardlink("g", "f")}, []string{"/f x", "/g x"}},
		"absolute hard link":    {[]entry{file("f", "x"), hardlink("g", "/f")}, []string{"/f x", "/g x"}},
		"dots that stay inside": {[]entry{dir("a"), file("a/../b", "x"), file("./c", "x")}, []string{"/a dir", "/b x", "/c x"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := t.TempDir()
			blob := tarOf(t, test.entries...)
			got, err := Apply(bytes.NewReader(blob), in, Usual)
			must(t, err)
			if want := digest.FromBytes(blob); got != want {
				t.Errorf("diff id %s, want %s", got, want)
			}
			if diff := cmp.Diff(test.want, brief(t, in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRootRoundTrip writes a tree of nasty entries, unpacks that, and writes it again: the
// trees are the same, and so are the bytes.
func TestRootRoundTrip(t *testing.T) {
	needRoot(t)
	from := t.TempDir()
	nasty(t, from)
	var first, second bytes.Buffer
	must(t, Write(&first, from))
	for name, blob := range map[string][]byte{"plain": first.Bytes(), "gzip": compressed(t, first.Bytes()), "zstd": zstandard(t, first.Bytes())} {
		to := t.TempDir()
		got, err := Apply(bytes.NewReader(blob), to, Usual)
		must(t, err)
		if want := digest.FromBytes(first.Bytes()); got != want {
			t.Errorf("%s: diff id %s, want %s", name, got, want)
		}
		if diff := cmp.Diff(listing(t, from), listing(t, to)); diff != "" {
			t.Errorf("%s (-original +unpacked):\n%s", name, diff)
		}
		second.Reset()
		must(t, Write(&second, to))
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: the same tree gives other bytes", name)
		}
		var sparse unix.Stat_t
		must(t, unix.Lstat(filepath.Join(to, "sparse"), &sparse))
		if sparse.Blocks*512 > 1<<20 {
			t.Errorf("the holes are filled: %d bytes", sparse.Blocks*512)
		}
	}
	if !bytes.Equal(compressed(t, first.Bytes()), compressed(t, first.Bytes())) {
		t.Error("compressed twice, it differs")
	}
}

// TestRootSame unpacks a layer that does not say of all its directories how they are, twice:
// both are the same.
func TestRootSame(t *testing.T) {
	needRoot(t)
	blob := tarOf(t, file("a/b/c", "x"))
	var trees [2][]string
	for i := range trees {
		in := t.TempDir()
		must(t, os.Chtimes(in, time.Unix(0, 0), time.Unix(0, 0)))
		_, err := Apply(bytes.NewReader(blob), in, Usual)
		must(t, err)
		trees[i] = listing(t, in)
	}
	if diff := cmp.Diff(trees[0], trees[1]); diff != "" {
		t.Error(diff)
	}
}

// nasty makes a tree of what layers get wrong.
func nasty(t *testing.T, root string) {
	t.Helper()
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.MkdirAll(at("dir/empty"), 0o755))
	must(t, os.Mkdir(at("opaque"), 0o700))
	must(t, unix.Setxattr(at("opaque"), opaque, []byte("y"), 0))
	must(t, unix.Mknod(at("dir/deleted"), unix.S_IFCHR, 0))
	must(t, os.WriteFile(at("dir/file"), []byte("content"), 0o600))
	must(t, os.Chown(at("dir/file"), 1000, 70000))
	must(t, unix.Chmod(at("dir/file"), 0o4751))
	must(t, os.Link(at("dir/file"), at("a-second-name")))
	must(t, unix.Setxattr(at("dir/file"), "user.color", []byte("b\x00l\nue="), 0))
	must(t, unix.Setxattr(at("dir/file"), "security.capability", []byte("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), 0))
	must(t, os.Symlink("/somewhere/else", at("link")))
	must(t, os.Symlink(strings.Repeat("long/", 60), at("long-link")))
	must(t, os.Lchown(at("link"), 5, 6))
	must(t, unix.Mkfifo(at("fifo"), 0o640))
	must(t, unix.Mknod(at("null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	must(t, unix.Mknod(at("disk"), unix.S_IFBLK|0o660, int(unix.Mkdev(259, 70000))))
	must(t, os.WriteFile(at("not utf-8 \xfc\xff"), nil, 0o644))
	must(t, os.WriteFile(at("ünïcödé \n line"), nil, 0o644))
	long := at(strings.Repeat("d/", 80) + strings.Repeat("n", 200))
	must(t, os.MkdirAll(filepath.Dir(long), 0o755))
	must(t, os.WriteFile(long, []byte("deep"), 0o644))
	sparse, err := os.Create(at("sparse"))
	must(t, err)
	must(t, sparse.Truncate(32<<20))
	_, err = sparse.WriteAt([]byte("in the middle"), 16<<20)
	must(t, errors.Join(err, sparse.Close()))
	old := time.Unix(1234567890, 123456789)
	must(t, os.Chtimes(at("dir/file"), old, old))
	must(t, os.Chtimes(at("opaque"), old, old))
	must(t, os.Chmod(root, 0o711))
	must(t, os.Chtimes(root, old, old))
}

// TestRefused is about files that cannot be put into a layer.
func TestRefused(t *testing.T) {
	root := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(root, "etc"), 0o755))
	must(t, os.WriteFile(filepath.Join(root, "etc", ".wh.x"), nil, 0o600))
	err := Write(&bytes.Buffer{}, root)
	if want := "/etc/.wh.x cannot be put into a layer: there a name that begins with .wh. stands for a deleted file: rename it"; text(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestTruncated cuts a layer at many places: every one is an error.
func TestTruncated(t *testing.T) {
	blob := compressed(t, tarOf(t, file("a", strings.Repeat("content ", 1000)), file("b", "x")))
	for cut := 0; cut < len(blob); cut += 1 + len(blob)/50 {
		if _, err := Apply(bytes.NewReader(blob[:cut]), t.TempDir(), Usual); err == nil && cut > 0 {
			t.Errorf("cut at %d of %d it is taken", cut, len(blob))
		}
	}
}

// FuzzApply feeds anything to Apply, in a folder beside which nothing may change.
func FuzzApply(f *testing.F) {
	f.Add(tarOf(f, dir("d"), file("d/f", "x"), symlink("l", "../.."), file("l/x", "y"), hardlink("h", "d/f"), file("d/.wh.f", "")))
	f.Add(tarOf(f, symlink("a", "/"), file("a/b", "x"), file(".wh..wh..opq", "")))
	f.Fuzz(func(t *testing.T, blob []byte) {
		around := t.TempDir()
		in := filepath.Join(around, "layer")
		must(t, os.Mkdir(in, 0o755))
		_, _ = Apply(bytes.NewReader(blob), in, Limits{Bytes: 1 << 20, Entries: 100}) // whatever comes of it
		if entries, err := os.ReadDir(around); err != nil || len(entries) != 1 {
			t.Errorf("beside the layer: %v %v", entries, err)
		}
	})
}

func compressed(t *testing.T, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := Compress(&out)
	_, err := w.Write(plain)
	must(t, errors.Join(err, w.Close()))
	return out.Bytes()
}

func zstandard(t *testing.T, plain []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil)
	must(t, err)
	return encoder.EncodeAll(plain, nil)
}

// brief is a tree in a line an entry: its path and what it is.
func brief(t *testing.T, root string) (lines []string) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		line := strings.TrimPrefix(path, root)
		switch entry.Type() {
		case fs.ModeDir:
			line += " dir"
			if value, err := tree.Xattr(path, opaque); err == nil {
				line += strings.Replace(" opaque", "y", string(value), 1)
			}
		case fs.ModeSymlink:
			target, _ := os.Readlink(path)
			line += " -> " + target
		case 0:
			content, _ := os.ReadFile(path)
			line += " " + string(content)
		default:
			line += " whiteout"
		}
		lines = append(lines, line)
		return nil
	}))
	return lines
}

// listing is all of a tree.
func listing(t *testing.T, root string) (lines []string) {
	t.Helper()
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		must(t, unix.Lstat(path, &stat))
		target, _ := os.Readlink(path)
		line := fmt.Sprintf("%q mode %o owner %d:%d size %d time %d.%d device %x links %d %s", strings.TrimPrefix(path, root),
			stat.Mode, stat.Uid, stat.Gid, stat.Size, stat.Mtim.Sec, stat.Mtim.Nsec, stat.Rdev, stat.Nlink, target)
		if stat.Mode&unix.S_IFMT == unix.S_IFDIR {
			line = strings.Replace(line, fmt.Sprintf("size %d", stat.Size), "", 1) // the file system's own
		}
		if stat.Mode&unix.S_IFMT == unix.S_IFREG {
			content, err := os.ReadFile(path)
			must(t, err)
			line += digest.FromBytes(content).String()
		}
		if stat.Rdev == 0 && stat.Mode&unix.S_IFMT == unix.S_IFCHR {
			line = fmt.Sprintf("%q whiteout", strings.TrimPrefix(path, root))
		}
		names, err := tree.Xattrs(path)
		slices.Sort(names)
		for _, name := range names {
			value, err := tree.Xattr(path, name)
			must(t, err)
			line += fmt.Sprintf(" %s=%q", name, value)
		}
		lines = append(lines, line)
		return err
	}))
	return lines
}

func needRoot(t *testing.T) {
	t.Helper()
	vm := os.Getenv("DRYDOCK_VM") == "1"
	if vm {
		t.Setenv("TMPDIR", "/var/lib/drydock") // its /tmp has no user attributes on Linux 6.1
	}
	if os.Geteuid() == 0 {
		return
	}
	if vm {
		t.Fatal("nothing may be skipped here")
	}
	t.Skip("owners, devices and overlayfs's attributes are root's: make test runs this in the VM")
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
