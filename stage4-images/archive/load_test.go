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
)

func platform() *ocispec.Platform {
	return &ocispec.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}
}

// TestLoadHostile loads what an enemy could send: nothing of it stays.
func TestLoadHostile(t *testing.T) {
	s := open(t, t.TempDir())
	for words, files := range hostile() {
		_, err := Load(s, bytes.NewReader(pack(t, files...)))
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
	_, err := Load(open(t, t.TempDir()), bytes.NewReader(archive))
	says(t, err, `"index.json": is not a plain file`)
}

// TestLoadTruncated cuts an archive at every 512 bytes.
func TestLoadTruncated(t *testing.T) {
	s := open(t, t.TempDir())
	add(t, s, "web", 1, "one", "two")
	archive := save(t, s, "web")
	other := open(t, t.TempDir())
	for n := 0; n < len(archive)-1024; n += 512 {
		if _, err := Load(other, bytes.NewReader(archive[:n])); err == nil {
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
		file{name: "./index.json", text: indexOf(outer)}, file{name: "./oci-layout", text: `{"imageLayoutVersion":"1.0.0"}`})))
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
		_, err := Load(s, bytes.NewReader(archive))
		if problems := s.Fsck(apply, diff); problems != nil {
			t.Error(problems)
		}
		if left := entries(t, s, "drafts"); left != nil || err != nil && entries(t, s, "images/blobs/sha256") != nil {
			t.Error(left, err)
		}
	})
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
		if _, err := Load(s, bytes.NewReader(archive)); err != nil {
			t.Error(err)
		}
		if problems := s.Fsck(apply, diff); problems != nil {
			t.Error(problems)
		}
	}
}
