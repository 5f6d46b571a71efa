package archive

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
)

// Import makes an image of one layer from the tar file of a root directory. convert reads
// that and writes the layer, gzipped or not; it returns the digest of the tar file.
func Import(s *image.Store, r io.Reader, name string, convert func(r io.Reader, w io.Writer) (digest.Digest, error)) (image.Image, error) {
	held, err := s.Hold()
	if err != nil {
		return image.Image{}, err
	}
	defer held.Close()
	var diffID digest.Digest
	from, to := io.Pipe()
	go func() {
		var err error
		diffID, err = convert(r, to)
		to.CloseWithError(err)
	}()
	layer, err := s.Put(ocispec.MediaTypeImageLayerGzip, from, "")
	from.CloseWithError(err) // or convert would wait for ever when the disk is full
	if err != nil {
		return image.Image{}, fmt.Errorf("import: %w", err)
	}
	if layer.Digest == diffID {
		layer.MediaType = ocispec.MediaTypeImageLayer
	}
	now := time.Now().UTC()
	return s.Add(ocispec.Image{
		Created:  &now,
		Platform: ocispec.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{diffID}},
		History:  []ocispec.History{{Created: &now, Comment: "Imported from -"}},
	}, []ocispec.Descriptor{layer}, name)
}
