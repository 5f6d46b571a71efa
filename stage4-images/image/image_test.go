package image

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

func open(t testing.TB, root string) *Store {
	t.Helper()
	s, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// add makes an image of layers, each of which has its content as the only file, made at some
// second.
func add(t testing.TB, s *Store, name string, second int64, layers ...string) Image {
	t.Helper()
	at := time.Unix(second, 0).UTC()
	config := ocispec.Image{Created: &at, RootFS: ocispec.RootFS{Type: "layers"}}
	var blobs []ocispec.Descriptor
	for _, layer := range layers {
		desc, err := s.Put(ocispec.MediaTypeImageLayer, strings.NewReader(layer), "")
		if err != nil {
			t.Fatal(err)
		}
		blobs, config.RootFS.DiffIDs = append(blobs, desc), append(config.RootFS.DiffIDs, desc.Digest)
	}
	img, err := s.Add(config, blobs, name)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// apply writes the layer, whatever it is, to one file.
func apply(blob io.Reader, dir string) (digest.Digest, error) {
	text, err := io.ReadAll(blob)
	return digest.FromBytes(text), errors.Join(err, os.WriteFile(filepath.Join(dir, "file"), text, 0o600))
}

// diff is of that file.
func diff(dir string) (digest.Digest, error) {
	text, err := os.ReadFile(filepath.Join(dir, "file"))
	return digest.FromBytes(text), err
}

// entries are the names in folders below the state root.
func entries(t testing.TB, s *Store, dirs ...string) (names []string) {
	t.Helper()
	for _, dir := range dirs {
		files, err := os.ReadDir(filepath.Join(filepath.Dir(s.Dir), dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := file.Name(); !strings.HasSuffix(name, "lock") {
				names = append(names, name)
			}
		}
	}
	return names
}

// says wants an error with some words.
func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

func TestPut(t *testing.T) {
	s := open(t, t.TempDir())
	good := digest.FromString("good")
	_, err := s.Put("", strings.NewReader("bad"), good)
	says(t, err, "blob "+good.String(), digest.FromString("bad").String())
	_, err = s.Put("", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("good"))), good)
	says(t, err, "timeout")
	_, err = s.Put("", strings.NewReader("good"), "sha256:../../../index.json")
	says(t, err, "64 digits")
	if left := entries(t, s, "images/blobs/sha256", "drafts"); left != nil {
		t.Errorf("what is broken stays: %v", left)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			desc, err := s.Put("x", strings.NewReader("good"), "")
			if d := cmp.Diff(ocispec.Descriptor{MediaType: "x", Digest: good, Size: 4}, desc); d != "" || err != nil {
				t.Error(err, d)
			}
		})
	}
	all.Wait()
	if d := cmp.Diff([]string{good.Encoded()}, entries(t, s, "images/blobs/sha256", "drafts")); d != "" {
		t.Error(d)
	}
	if err := os.WriteFile(s.Path(good), []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	blob, err := s.Blob(good)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.ReadAll(blob)
	says(t, err, good.String(), "damaged")
	if _, err := s.Put("", strings.NewReader("good"), good); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(s.Path(good)); string(text) != "good" || err != nil {
		t.Errorf("what is damaged stays: %q, %v", text, err)
	}
}

func TestNormalize(t *testing.T) {
	long := strings.Repeat("a", 247) // 255 with library/
	for name, want := range map[string]string{
		"busybox": "busybox:latest", "busybox:1.36": "busybox:1.36", "a/b-c/d_e.f:X_1": "a/b-c/d_e.f:X_1",
		long: long + ":latest", long + "a": "", "a:" + strings.Repeat("t", 128): "a:" + strings.Repeat("t", 128),
		"a:" + strings.Repeat("t", 129): "", "": "", "A": "", "a//b": "", "/a": "", "a/": "", "../a": "", "a:": "", "a:-": "",
		"a b": "", "a\n": "", "host:5000/a/b": "host:5000/a/b:latest", "host.com/a:1": "host.com/a:1", "host:x/a": "", "a@sha256:" + long[:64]: "a@sha256:" + long[:64],
		"a@sha256:" + long[:63]: "", "a@sha384:" + long[:64]: "", "a@sha512:" + long[:64] + long[:64]: "a@sha512:" + long[:64] + long[:64], "a@sha1:" + long[:40]: "", "a:1@sha256:" + long[:64]: "a@sha256:" + long[:64], "a:b:c": "", "sha256": "", "sha256:" + long[:64]: "", long[:64]: "", long[:63]: long[:63] + ":latest",
		// As podman and skopeo have them. The other names that Docker knows are in final/images.
		"docker.io/library/a:1": "a:1", "docker.io/a/b:1": "a/b:1", "index.docker.io/a": "a:latest", "localhost/a:1": "localhost/a:1",
		"docker.io/localhost/a": "", "docker.io/host.com/a": "", "docker.io/library/a/b": "library/a/b:latest",
	} {
		got, err := Normalize(name)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q: %v; want %q", name, got, err, want)
		}
		if err != nil {
			says(t, err, "invalid reference format")
		}
	}
}

func FuzzName(f *testing.F) {
	for _, seed := range []string{"busybox", "a/b:c", "..", "sha256:0", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		whole, err := Normalize(name)
		if err != nil {
			return
		}
		if again, err := Normalize(whole); again != whole || err != nil || !strings.ContainsAny(whole, ":@") {
			t.Errorf("%q is %q is %q: %v", name, whole, again, err)
		}
	})
}

func TestTag(t *testing.T) {
	s := open(t, t.TempDir())
	first, second := add(t, s, "web", 1, "one"), add(t, s, "web", 2, "two")
	names := func() (all []string) {
		list, err := s.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, img := range list {
			all = append(all, fmt.Sprintf("%d%v", img.Config.Created.Unix(), img.Names))
		}
		return all
	}
	check := func(want ...string) {
		t.Helper()
		if d := cmp.Diff(want, names()); d != "" {
			t.Error(d)
		}
	}
	check("2[web:latest]", "1[]")
	for _, name := range []string{"db:1", "db:1", ""} {
		if err := s.Tag(first.Descriptor, name); err != nil {
			t.Fatal(err)
		}
	}
	check("2[web:latest]", "1[db:1]")
	if err := s.Tag(second.Descriptor, "db:1"); err != nil {
		t.Fatal(err)
	}
	check("2[web:latest db:1]", "1[]")
	says(t, s.Tag(first.Descriptor, "Web"), "invalid reference format")
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := open(t, filepath.Dir(s.Dir)).Tag(first.Descriptor, fmt.Sprint("n", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if img, err := s.Find("n7"); err != nil || len(img.Names) != 20 {
		t.Errorf("20 names at once are %v: %v", img.Names, err)
	}
}

func TestFind(t *testing.T) {
	s := open(t, t.TempDir())
	if text, err := os.ReadFile(filepath.Join(s.Dir, "index.json")); err != nil || !strings.Contains(string(text), `"manifests":[]`) {
		t.Errorf("%s: %v", text, err)
	}
	second := add(t, s, "web", 2, "two")
	if err := s.Tag(second.Descriptor, "db:1"); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"web", "web:latest", "db:1", second.ID().String(), second.ShortID(), "sha256:" + second.ShortID()} {
		if img, err := s.Find(ref); err != nil || img.ID() != second.ID() {
			t.Errorf("%s found %s: %v", ref, img.ID(), err)
		}
	}
	for _, ref := range []string{"", "db", "we", "web:2", "zz", "sha256:", second.ID().String() + "0", "WEB"} {
		if _, err := s.Find(ref); err == nil || err.Error() != "no such image: "+ref {
			t.Errorf("%q: %v", ref, err)
		}
	}
	again := second.Manifest // the same config, and so the same id, in another manifest
	again.Annotations = map[string]string{"a": "b"}
	desc, err := s.PutJSON(ocispec.MediaTypeImageManifest, again)
	if err := errors.Join(err, s.Tag(desc, "")); err != nil {
		t.Fatal(err)
	}
	if img, err := s.Find(second.ShortID()); err != nil || img.ID() != second.ID() {
		t.Errorf("two manifests of one id: %v", err)
	}
	for i := range int64(16) { // by the pigeonhole, two ids begin alike
		add(t, s, "", 3+i, "one")
	}
	ambiguous := 0
	for _, hex := range "0123456789abcdef" {
		if _, err := s.Find(string(hex)); err != nil && strings.Contains(err.Error(), "image ids: give more of it") {
			ambiguous++
		}
	}
	if ambiguous == 0 {
		t.Error("no beginning of an id is ambiguous")
	}
}

// TestFindDamaged does not take the name of an image that cannot be read for the beginning of
// another's id.
func TestFindDamaged(t *testing.T) {
	s := open(t, t.TempDir())
	good := add(t, s, "", 1, "good")
	name := good.ID().Encoded()[:4]
	bad := add(t, s, name, 2, "bad")
	if err := os.Remove(s.Path(bad.ID())); err != nil {
		t.Fatal(err)
	}
	_, err := s.Find(name)
	says(t, err, "image "+name+":latest: blob "+bad.ID().String())
	if img, err := s.Find("sha256:" + name); err != nil || img.ID() != good.ID() {
		t.Errorf("by the id: %s, %v", img.ID(), err)
	}
}

// TestRemovedMeanwhile takes an image from the list while its manifest is being read: the store is
// not damaged for that.
func TestRemovedMeanwhile(t *testing.T) {
	s := open(t, t.TempDir())
	add(t, s, "web", 1, "one")
	removed := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("removed")}
	pipe := s.Path(removed.Digest) // whoever reads it waits for us
	add := func(all []ocispec.Descriptor) []ocispec.Descriptor { return Tagged(all, removed, "") }
	if err := errors.Join(unix.Mkfifo(pipe, 0o600), s.Update(add)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		all, err := s.List()
		if len(all) != 1 {
			err = errors.Join(err, fmt.Errorf("there are %d images", len(all)))
		}
		done <- err
	}()
	manifest, err := os.OpenFile(pipe, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Update(func(all []ocispec.Descriptor) []ocispec.Descriptor {
		return slices.DeleteFunc(all, func(e ocispec.Descriptor) bool { return e.Digest == removed.Digest })
	})
	if err := errors.Join(err, manifest.Close(), <-done); err != nil {
		t.Error(err)
	}
}

func TestUnpack(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	img := add(t, s, "web", 1, "one", "two")
	hex := img.ChainIDs()[0].Encoded()
	if err := os.MkdirAll(filepath.Join(s.Drafts, hex, "half"), 0o700); err != nil { // as if killed
		t.Fatal(err)
	}
	calls := atomic.Int32{}
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			dirs, err := s.Unpack(img, func(blob io.Reader, dir string) (digest.Digest, error) {
				calls.Add(1)
				if left, err := os.ReadDir(dir); len(left) != 0 || err != nil {
					t.Errorf("%v: %v", left, err)
				}
				open(t, root) // must not take for left over what is being written
				return apply(blob, dir)
			})
			if err != nil || len(dirs) != 2 || filepath.Base(dirs[0]) != hex {
				t.Errorf("%v: %v", dirs, err)
			}
		})
	}
	all.Wait()
	if calls.Load() != 2 || len(entries(t, s, "layers")) != 2 || entries(t, s, "drafts") != nil {
		t.Errorf("2 layers were unpacked %d times, with %v left", calls.Load(), entries(t, s, "drafts"))
	}
	if err := os.MkdirAll(filepath.Join(s.Drafts, "left", "over"), 0o700); err != nil {
		t.Fatal(err)
	}
	if open(t, root); entries(t, s, "drafts") != nil {
		t.Errorf("left over: %v", entries(t, s, "drafts"))
	}
}

func TestUnpackWrong(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, "web", 1, "one")
	_, err := s.Unpack(img, func(blob io.Reader, dir string) (digest.Digest, error) {
		_, err := apply(blob, dir)
		return digest.FromString("other"), err
	})
	says(t, err, "unpack layer "+img.Manifest.Layers[0].Digest.String(), digest.FromString("other").String())
	if err := os.WriteFile(s.Path(img.Manifest.Layers[0].Digest), []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.Unpack(img, func(io.Reader, string) (digest.Digest, error) { return digest.FromString("one"), nil })
	says(t, err, "damaged") // though apply has not read to the end
	if left := entries(t, s, "layers", "drafts"); left != nil {
		t.Error(left)
	}
}

func TestFsck(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, "web", 1, "one", "two")
	dirs, err := s.Unpack(img, apply)
	if err != nil {
		t.Fatal(err)
	}
	if problems := s.Fsck(apply, diff); problems != nil {
		t.Errorf("nothing is wrong, but %v", problems)
	}
	err = errors.Join(os.Mkdir(filepath.Join(s.Layers, "no image's"), 0o700), os.WriteFile(filepath.Join(dirs[1], "file"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.Drafts, "lock")); err != nil || entries(t, s, "drafts") != nil {
		t.Error("fsck leaves ", entries(t, s, "drafts"), err)
	}
	says(t, errors.Join(s.Fsck(apply, diff)...), filepath.Base(dirs[1])+": is not what")
	err = errors.Join(os.Remove(s.Path(img.Manifest.Layers[0].Digest)), os.WriteFile(s.Path(img.Manifest.Layers[1].Digest), []byte("owt"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	says(t, errors.Join(s.Fsck(apply, diff)...), "damaged", "image web:latest: blob "+img.Manifest.Layers[0].Digest.String()+": no such file")
}
