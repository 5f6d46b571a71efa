package size

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// one makes an image of one layer, twice.
func one(t *testing.T) (*image.Store, image.Image) {
	t.Helper()
	s, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var plain, packed bytes.Buffer
	tape := tar.NewWriter(&plain)
	for _, entry := range []tar.Header{
		{Name: "dir/", Mode: 0o755, Typeflag: tar.TypeDir},
		{Name: "file", Size: 100},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "file"}, // the same file again
		{Name: "soft", Typeflag: tar.TypeSymlink, Linkname: "dir/x"},
		{Name: ".wh.gone"},
		{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3},
	} {
		if err := tape.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if _, err := tape.Write(make([]byte, entry.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := tape.Close(); err != nil {
		t.Fatal(err)
	}
	diffID := digest.FromBytes(plain.Bytes())
	pack := layer.Compress(&packed)
	if _, err := pack.Write(plain.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := pack.Close(); err != nil {
		t.Fatal(err)
	}
	blob, err := s.Put(ocispec.MediaTypeImageLayerGzip, &packed, "")
	if err != nil {
		t.Fatal(err)
	}
	img, err := s.Add(ocispec.Image{RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diffID, diffID}}}, []ocispec.Descriptor{blob, blob}, "one")
	if err != nil {
		t.Fatal(err)
	}
	return s, img
}

// TestOf counts files and links, and then knows: also when the layer cannot be read any more.
func TestOf(t *testing.T) {
	s, img := one(t)
	counts(t, "first", s, img)
	if err := os.Remove(s.Path(img.Manifest.Layers[0].Digest)); err != nil {
		t.Fatal(err)
	}
	counts(t, "again", s, img)
}

// TestDamagedFile counts again when what is known cannot be read.
func TestDamagedFile(t *testing.T) {
	for _, content := range []string{"", "[", "null", `{"x":"y"}`} {
		s, img := one(t)
		if err := os.WriteFile(filepath.Join(s.Dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		counts(t, content, s, img)
	}
}

// TestNotKept counts also where nothing can be written, as on a full disk.
func TestNotKept(t *testing.T) {
	s, img := one(t)
	if err := os.Mkdir(filepath.Join(s.Dir, file), 0o700); err != nil {
		t.Fatal(err)
	}
	counts(t, "not kept", s, img)
}

// counts wants the right sizes.
func counts(t *testing.T, what string, s *image.Store, img image.Image) {
	t.Helper()
	sizes, err := Of(s, img)
	if diff := cmp.Diff(Sizes{img.Config.RootFS.DiffIDs[0]: 105}, sizes); diff != "" || err != nil {
		t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
	}
	if total := sizes.Total(img); total != 210 {
		t.Errorf("%s: %d in all", what, total)
	}
}

// TestDamaged does not keep the size of what is not what its digest says.
func TestDamaged(t *testing.T) {
	s, img := one(t)
	path := s.Path(img.Manifest.Layers[0].Digest)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, damage := range [][]byte{append(text, 0), text[:len(text)-20], []byte("no tar file")} {
		if err := os.WriteFile(path, damage, 0o600); err != nil {
			t.Fatal(err)
		}
		if sizes, err := Of(s, img); err == nil || len(sizes) > 0 || !strings.Contains(err.Error(), "size of layer sha256:") {
			t.Errorf("%v, %v", sizes, err)
		}
		if _, err := os.Stat(filepath.Join(s.Dir, file)); err == nil {
			t.Error("something is kept")
		}
	}
}
