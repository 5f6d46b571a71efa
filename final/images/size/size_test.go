package size

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
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

// TestClaimed has an image claim that its layer is one of another image: that it is, is not kept.
func TestClaimed(t *testing.T) {
	s, honest := one(t)
	blob, err := s.Put(ocispec.MediaTypeImageLayer, bytes.NewReader(make([]byte, 1024)), "") // an empty tar file
	if err != nil {
		t.Fatal(err)
	}
	diffID := honest.Config.RootFS.DiffIDs[0]
	lying, err := s.Add(ocispec.Image{RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diffID}}}, []ocispec.Descriptor{blob}, "lying")
	if err != nil {
		t.Fatal(err)
	}
	if sizes, err := Of(s, lying); err == nil || len(sizes) > 0 || !strings.Contains(err.Error(), "size of layer "+diffID.String()+": its tar file has another digest") {
		t.Errorf("%v, %v", sizes, err)
	}
	counts(t, "honest", s, honest)
}

// TestFiles counts no more than there may be, neither of what there is nor of what is said.
func TestFiles(t *testing.T) {
	tape := func(headers ...tar.Header) io.Reader {
		var plain bytes.Buffer
		for _, header := range headers {
			if err := tar.NewWriter(&plain).WriteHeader(&header); err != nil {
				t.Fatal(err)
			}
		}
		return &plain
	}
	huge := tar.Header{Name: "sparse", Typeflag: tar.TypeReg, Size: 1 << 62}
	for name, c := range map[string]struct {
		tape io.Reader
		want string
	}{
		"a directory that says that it is large": {tape(tar.Header{Name: "d/", Typeflag: tar.TypeDir, Size: 5000}), "0 <nil>"},
		"as large as it may be":                  {tape(tar.Header{Name: "empty", Typeflag: tar.TypeReg}), "0 <nil>"},
		"a file that says so":                    {tape(huge), "0 it is larger than 9000 bytes"},
		"zeros without an end":                   {zeros{}, "0 it is larger than 9000 bytes"},
	} {
		bytes, err := files(c.tape, 9000)
		if got := fmt.Sprint(bytes, " ", err); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// zeros have no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
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
