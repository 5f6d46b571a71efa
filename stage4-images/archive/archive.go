// Package archive takes images along in one file: an OCI archive, which is the tar file of an
// image layout.
//
//	tar -C layout -cf archive.tar oci-layout index.json blobs
//
// To read: the OCI image specification, image-layout.md.
package archive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/blob"
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
	version, err := json.Marshal(ocispec.ImageLayout{Version: ocispec.ImageLayoutVersion})
	index, err2 := json.Marshal(image.Index(entries))
	archive := tar.NewWriter(w)
	err = errors.Join(err, err2,
		addFile(archive, ocispec.ImageLayoutFile, int64(len(version)), bytes.NewReader(version)),
		addFile(archive, ocispec.ImageIndexFile, int64(len(index)), bytes.NewReader(index)))
	for _, d := range slices.Sorted(maps.Keys(sizes)) {
		if err == nil {
			err = saveBlob(s, archive, d, sizes[d])
		}
	}
	if err != nil {
		return fmt.Errorf("save: %w", err)
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

// Load reads an OCI archive, from anybody, and returns its images. All of it is read and
// verified in a layout of its own first: if anything is wrong, nothing of it stays. Blobs
// come before the index, so that what is listed is there.
func Load(s *image.Store, r io.Reader) ([]image.Image, error) {
	held, err := s.Hold()
	if err != nil {
		return nil, err
	}
	defer held.Close()
	dir, err := os.MkdirTemp(s.Drafts, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays, the next Open removes
	staged := blob.Layout{Dir: dir, Drafts: s.Drafts}
	if err := os.MkdirAll(filepath.Join(dir, blobPrefix), 0o700); err != nil {
		return nil, err
	}
	all, err := receiveImages(staged, r)
	if err == nil {
		err = adopt(s, staged, all)
	}
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return all, nil
}

// receiveImages unpacks an archive, and returns its images: they are whole.
func receiveImages(l blob.Layout, r io.Reader) (all []image.Image, err error) {
	index, err := receive(l, r)
	if err != nil {
		return nil, err
	}
	for _, e := range index.Manifests {
		img, err := choose(l, e)
		if err != nil {
			return nil, err
		}
		if name := e.Annotations[ocispec.AnnotationRefName]; name != "" {
			if name, err = image.Normalize(name); err != nil {
				return nil, err
			}
			img.Names = []string{name}
		}
		all = append(all, img)
	}
	return all, nil
}

// adopt moves the blobs of images here, and lists the images.
func adopt(s *image.Store, staged blob.Layout, all []image.Image) error {
	for _, img := range all {
		for _, part := range img.Blobs() {
			if _, err := os.Stat(s.Path(part.Digest)); err == nil {
				continue
			}
			if err := os.Rename(staged.Path(part.Digest), s.Path(part.Digest)); err != nil {
				return err
			}
		}
	}
	if err := blob.Flush(filepath.Join(s.Dir, blobPrefix)); err != nil {
		return err
	}
	return s.Update(func(entries []ocispec.Descriptor) []ocispec.Descriptor {
		for _, img := range all {
			entries = image.Tagged(entries, img.Descriptor, strings.Join(img.Names, ""))
		}
		return entries
	})
}

// choose returns the image that an entry of an archive's index means: it may be an index
// itself, of the same image for several machines. One more level is refused.
func choose(l blob.Layout, e ocispec.Descriptor) (image.Image, error) {
	if e.MediaType != ocispec.MediaTypeImageIndex {
		return image.Read(l, e, true)
	}
	var index ocispec.Index
	if err := l.Document(e, ocispec.MediaTypeImageIndex, &index); err != nil {
		return image.Image{}, err
	}
	for _, m := range index.Manifests {
		if p := m.Platform; p != nil && p.OS == runtime.GOOS && p.Architecture == runtime.GOARCH {
			return image.Read(l, m, true)
		}
	}
	return image.Image{}, fmt.Errorf("blob %s lists no image for %s/%s: get one that has it", e.Digest, runtime.GOOS, runtime.GOARCH)
}

// receive unpacks an archive, and returns its index.
func receive(l blob.Layout, r io.Reader) (index ocispec.Index, err error) {
	archive, documents := tar.NewReader(r), map[string][]byte{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return index, err
		}
		if err := receiveFile(l, header, archive, documents); err != nil {
			return index, fmt.Errorf("%q: %w", header.Name, err)
		}
	}
	var version ocispec.ImageLayout
	for name, value := range map[string]any{ocispec.ImageLayoutFile: &version, ocispec.ImageIndexFile: &index} {
		if documents[name] == nil {
			return index, fmt.Errorf("%s is missing: this is no OCI archive", name)
		}
		if err := json.Unmarshal(documents[name], value); err != nil {
			return index, fmt.Errorf("%s: %w", name, err)
		}
	}
	if version.Version != ocispec.ImageLayoutVersion {
		return index, fmt.Errorf("%s: unknown version %q", ocispec.ImageLayoutFile, version.Version)
	}
	return index, nil
}

// receiveFile stores an entry of an archive: a blob, or one of the two documents. Only names
// that are known are taken, so none leads anywhere else; and only plain files, of which a
// sparse one is none: its size has nothing to do with what was sent.
func receiveFile(l blob.Layout, header *tar.Header, content io.Reader, documents map[string][]byte) error {
	name := strings.TrimSuffix(strings.TrimPrefix(header.Name, "./"), "/")
	if header.Typeflag == tar.TypeDir && strings.HasPrefix("/"+blobPrefix, strings.TrimSuffix("/"+name, "/")+"/") {
		return nil
	}
	hex, isBlob := strings.CutPrefix(name, blobPrefix)
	_, twice := documents[name]
	sparse := slices.ContainsFunc(slices.Collect(maps.Keys(header.PAXRecords)), func(key string) bool { return strings.HasPrefix(key, "GNU.sparse.") })
	switch {
	case !isBlob && name != ocispec.ImageLayoutFile && name != ocispec.ImageIndexFile:
		return errors.New("does not belong in an OCI archive: for other archives, try skopeo copy docker-archive:FILE oci-archive:FILE:NAME")
	case header.Typeflag != tar.TypeReg || sparse:
		return errors.New("is not a plain file")
	case twice:
		return errors.New("is in the archive twice")
	case isBlob:
		documents[name] = nil
		_, err := l.Put("", content, digest.Digest("sha256:"+hex))
		return err
	case header.Size > blob.MaxJSON:
		return fmt.Errorf("%d bytes are more than the %d of a document", header.Size, blob.MaxJSON)
	}
	text, err := io.ReadAll(content)
	documents[name] = append([]byte{}, text...)
	return err
}
