// Package archive takes images along in one file: an OCI archive, which is the tar file of an
// image layout, or the tar file of a root directory.
//
//	tar -C layout -cf archive.tar oci-layout index.json blobs
//
// To read: the OCI image specification, image-layout.md.
package archive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
)

// Save writes images as an OCI archive: the tar file of a layout. The same images give the
// same bytes. One that is found by its id has no name in there, as with Docker.
func Save(s *image.Store, w io.Writer, refs []string) error {
	var entries []ocispec.Descriptor
	sizes := map[digest.Digest]int64{}
	for _, ref := range refs {
		img, err := s.Find(ref)
		if err != nil {
			return err
		}
		name, _ := image.Normalize(ref) // what is no name may be an id
		if !slices.Contains(img.Names, name) {
			name = ""
		}
		entries = image.Tagged(entries, img.Descriptor, name)
		for _, part := range img.Blobs() {
			sizes[part.Digest] = part.Size
		}
	}
	for _, e := range entries {
		if name := image.NameOf(e); name != "" {
			e.Annotations[WholeName] = whole(name)
		}
	}
	return Write(s, w, []Document{{ocispec.ImageIndexFile, image.Index(entries)}}, sizes)
}

// WholeName is where Docker and containerd have the name of an image in an index. OCI's annotation
// may be no more than a tag.
const WholeName = "io.containerd.image.name"

// whole is a name with what goes without saying: docker.io/library/web:latest for web:latest.
func whole(name string) string {
	first, _, isPath := strings.Cut(name, "/")
	switch {
	case !isPath:
		return "docker.io/library/" + name
	case first == "localhost" || strings.ContainsAny(first, ".:") || first != strings.ToLower(first):
		return name // the first part is a registry's address
	}
	return "docker.io/" + name
}

// A Document is a file of an archive that is no blob.
type Document struct {
	Name  string
	Value any // as JSON
}

// Write writes the tar file of a layout: what says that it is one, other documents, and blobs,
// of which the sizes are given. The same gives the same bytes.
func Write(s *image.Store, w io.Writer, documents []Document, sizes map[digest.Digest]int64) error {
	archive := tar.NewWriter(w)
	layout := Document{ocispec.ImageLayoutFile, ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion}}
	for _, document := range append([]Document{layout}, documents...) {
		text, err := json.Marshal(document.Value)
		if err == nil {
			err = addFile(archive, document.Name, int64(len(text)), bytes.NewReader(text))
		}
		if err != nil {
			return fmt.Errorf("save %s: %w", document.Name, err)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(sizes)) {
		if err := saveBlob(s, archive, d, sizes[d]); err != nil {
			return fmt.Errorf("save: %w", err)
		}
	}
	return archive.Close()
}

func saveBlob(s *image.Store, archive *tar.Writer, d digest.Digest, size int64) error {
	content, err := s.Blob(d)
	if err != nil {
		return err
	}
	defer content.Close()
	return addFile(archive, blobPrefix+d.Encoded(), size, content)
}

const blobPrefix = "blobs/sha256/"

func addFile(archive *tar.Writer, name string, size int64, content io.Reader) error {
	header := tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0)}
	if err := archive.WriteHeader(&header); err != nil {
		return err
	}
	_, err := io.Copy(archive, content)
	return err
}
