package archive

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
)

func platform() *ocispec.Platform {
	return &ocispec.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
}

// TestLoadHostile loads what an enemy could send: nothing of it stays.
func TestLoadHostile(t *testing.T) {
	s := open(t, t.TempDir())
	for words, files := range hostile() {
		_, err := Load(s, bytes.NewReader(pack(t, files...)), apply)
		says(t, err, "load: ", words)
		if left := entries(t, s, "images/blobs/sha256", "drafts", "layers"); left != nil {
			t.Errorf("%s: left are %v", words, left)
		}
	}
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Errorf("%v: %v", all, err)
	}
}

// TestLoadSparse has a file that GNU tar would make 1 TB of: the length of what was sent says
// nothing. The writer of archive/tar refuses such records, so they are patched in.
func TestLoadSparse(t *testing.T) {
	archive := pack(t, file{name: "index.json", text: "1\n9\n0\n" + strings.Repeat("\x00", 506), pax: map[string]string{"XXX.sparse.major": "1", "XXX.sparse.minor": "0", "XXX.sparse.name": "index.json", "XXX.sparse.realsize": "9"}})
	archive = bytes.ReplaceAll(archive, []byte("XXX.sparse"), []byte("GNU.sparse"))
	_, err := Load(open(t, t.TempDir()), bytes.NewReader(archive), apply)
	says(t, err, `"index.json": is not a plain file`)
}

// TestLoadTruncated cuts an archive at every 512 bytes.
func TestLoadTruncated(t *testing.T) {
	s := open(t, t.TempDir())
	add(t, s, "web", 1, "one", "two")
	archive := save(t, s, "web")
	other := open(t, t.TempDir())
	for n := 0; n < len(archive)-1024; n += 512 {
		if _, err := Load(other, bytes.NewReader(archive[:n]), apply); err == nil {
			t.Errorf("%d of %d bytes are enough", n, len(archive))
		}
		if left := entries(t, other, "images/blobs/sha256", "drafts"); left != nil {
			t.Fatalf("%d bytes left %v", n, left)
		}
	}
}

// TestLoadIndex has an index in the index, of which one image is for this machine; and
// folders, "./" and a blob that nobody needs, as other programs write them.
func TestLoadIndex(t *testing.T) {
	manifest, config := parts(func(*ocispec.Manifest, *ocispec.Image) {})
	here, foreign := descriptor(ocispec.MediaTypeImageManifest, manifest), descriptor(ocispec.MediaTypeImageManifest, "absent")
	here.Platform, foreign.Platform = platform(), &ocispec.Platform{OS: "linux", Architecture: "none"}
	inner := indexOf(foreign, here)
	outer := descriptor(ocispec.MediaTypeImageIndex, inner)
	outer.Annotations = map[string]string{ocispec.AnnotationRefName: "web"}
	s := open(t, t.TempDir())
	_, err := Load(s, bytes.NewReader(pack(t, file{name: "./", kind: '5'}, file{name: "./blobs/", kind: '5'}, file{name: "blobs/sha256/", kind: '5'},
		blobFile(manifest), blobFile(config), blobFile("one"), blobFile(inner), blobFile("junk"),
		file{name: "./index.json", text: indexOf(outer)}, file{name: "./oci-layout", text: `{"imageLayoutVersion":"1.0.0"}`})), apply)
	if err != nil {
		t.Fatal(err)
	}
	img, err := s.Find("web")
	if d := cmp.Diff(digest.FromString(manifest), img.Descriptor.Digest); d != "" || err != nil {
		t.Error(err, d)
	}
	if got := entries(t, s, "images/blobs/sha256"); len(got) != 3 {
		t.Errorf("3 blobs are needed, here are %v", got)
	}
}

func FuzzLoad(f *testing.F) {
	for _, files := range hostile() {
		if archive := pack(f, files...); len(archive) < 1<<20 {
			f.Add(archive)
		}
	}
	s := open(f, f.TempDir())
	add(f, s, "web", 1, "one")
	f.Add(save(f, s, "web"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		s := open(t, t.TempDir())
		_, err := Load(s, bytes.NewReader(archive), apply)
		if problems := s.Fsck(apply, diff); problems != nil {
			t.Error(problems)
		}
		if left := entries(t, s, "drafts"); left != nil || err != nil && entries(t, s, "images/blobs/sha256") != nil {
			t.Error(left, err)
		}
	})
}

// TestLoadNames: what containerd calls the image is its name; what is no name of ours is none.
func TestLoadNames(t *testing.T) {
	manifest, config := parts(func(*ocispec.Manifest, *ocispec.Image) {})
	for want, annotations := range map[string]map[string]string{
		"web:2": {ocispec.AnnotationRefName: "2", WholeName: "docker.io/library/web:2"},
		"web:1": {ocispec.AnnotationRefName: "web:1"},
		"":      {ocispec.AnnotationRefName: "v1.0+build.5"},
	} {
		e := descriptor(ocispec.MediaTypeImageManifest, manifest)
		e.Annotations = annotations
		loaded, err := Load(open(t, t.TempDir()), bytes.NewReader(pack(t, blobFile(manifest), blobFile(config), blobFile("one"),
			file{name: "index.json", text: indexOf(e)}, file{name: "oci-layout", text: `{"imageLayoutVersion":"1.0.0"}`})), apply)
		if err != nil || len(loaded) != 1 || strings.Join(loaded[0].Names, " ") != want {
			t.Errorf("%q: %v, %v", want, loaded, err)
		}
	}
}

// TestWhole: names with all that goes without saying mean the same.
func TestWhole(t *testing.T) {
	for name, want := range map[string]string{
		"web:1": "docker.io/library/web:1", "me/web:1": "docker.io/me/web:1", "library/a/b:1": "docker.io/library/a/b:1",
		"localhost/web:1": "localhost/web:1", "h:5000/web:1": "h:5000/web:1", "a.example/web:1": "a.example/web:1",
	} {
		if d := cmp.Diff(want, whole(name)); d != "" {
			t.Error(d)
		}
		if again, err := image.Normalize(want); again != name || err != nil {
			t.Errorf("%s is read as %s: %v", want, again, err)
		}
	}
	s := open(t, t.TempDir())
	add(t, s, "web:1", 1, "one")
	if archive := save(t, s, "web:1"); !bytes.Contains(archive, []byte(`"io.containerd.image.name":"docker.io/library/web:1","org.opencontainers.image.ref.name":"web:1"`)) {
		t.Error("the index does not have the whole name")
	}
}

// TestLoadDamaged: what is loaded replaces what is here, which has become longer or other.
func TestLoadDamaged(t *testing.T) {
	s := open(t, t.TempDir())
	img := add(t, s, "web", 1, "one", "one")
	archive := save(t, s, "web")
	for _, damage := range []string{"", "eno", "longer"} {
		for _, part := range img.Blobs() {
			if err := os.WriteFile(s.Path(part.Digest), []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(s, bytes.NewReader(archive), apply); err != nil {
			t.Error(err)
		}
		if problems := s.Fsck(apply, diff); problems != nil {
			t.Error(problems)
		}
	}
}
