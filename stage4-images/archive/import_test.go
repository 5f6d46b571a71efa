package archive

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func TestImport(t *testing.T) {
	s := open(t, t.TempDir())
	for _, gzip := range []bool{false, true} {
		img, err := Import(s, strings.NewReader("tar"), "root", func(r io.Reader, w io.Writer) (digest.Digest, error) {
			text, err := io.ReadAll(r)
			stored := string(text)
			if gzip {
				stored = "gzip of " + stored
			}
			_, err2 := io.WriteString(w, stored)
			return digest.FromBytes(text), errors.Join(err, err2)
		})
		want := map[bool]string{false: ocispec.MediaTypeImageLayer, true: ocispec.MediaTypeImageLayerGzip}[gzip]
		if err != nil || img.Manifest.Layers[0].MediaType != want || img.ChainIDs()[0] != digest.FromString("tar") {
			t.Errorf("%+v: %v", img, err)
		}
	}
	_, err := Import(s, nil, "root", func(io.Reader, io.Writer) (digest.Digest, error) { return "", errors.New("no tar") })
	says(t, err, "import", "no tar")
}
