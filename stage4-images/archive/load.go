package archive

import (
	"archive/tar"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/blob"
	"drydock/stage4-images/image"
)

// Load reads an OCI archive, from anybody, and returns its images, whose layers are unpacked.
func Load(s *image.Store, r io.Reader, apply image.Apply) ([]image.Image, error) {
	return Stage(s, func(l blob.Layout) ([]image.Image, error) { return receiveImages(l, r) }, func(all []image.Image, unpack Unpack) error {
		for _, img := range all {
			if _, err := unpack(img, apply); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unpack unpacks layers that the store does not have, of images that it does not have yet.
type Unpack func(image.Image, image.Apply) ([]image.Unpacked, error)

// Stage takes the images that read returns, each with one name or none. All of them are read,
// verified and unpacked aside first: if anything is wrong, nothing of it stays. Only one at a time
// unpacks: who waits finds the layers that they share. Blobs and layers come before the index, so
// that what is listed is there; and all of it is on the disk before any of it is seen.
func Stage(s *image.Store, read func(blob.Layout) ([]image.Image, error), unpackAll func([]image.Image, Unpack) error) ([]image.Image, error) {
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
	staged := image.Store{Layout: blob.Layout{Dir: dir, Drafts: s.Drafts, Unflushed: true}, Layers: filepath.Join(dir, "layers")}
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, blobPrefix), 0o700), os.Mkdir(staged.Layers, 0o700)); err != nil {
		return nil, err
	}
	all, err := read(staged.Layout)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	lock, err := s.Lock("load.lock", unix.LOCK_EX)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	err = unpackAll(all, func(img image.Image, apply image.Apply) ([]image.Unpacked, error) {
		return s.UnpackFrom(staged.Layout, img, staged.Layers, apply)
	})
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
		// OCI allows names that are none of ours: v1.0+build.5 is one.
		if name, err := image.Normalize(cmp.Or(e.Annotations[WholeName], image.NameOf(e))); err == nil {
			img.Names = []string{name}
		}
		all = append(all, img)
	}
	return all, nil
}

// adopt moves the blobs of images here, also in place of what is here, as that may be damaged,
// and their layers; and lists the images.
func adopt(s *image.Store, staged image.Store, all []image.Image) error {
	if err := blob.FlushAll(staged.Dir); err != nil {
		return err
	}
	moved := map[digest.Digest]bool{}
	for _, img := range all {
		for _, part := range img.Blobs() {
			if moved[part.Digest] {
				continue
			}
			moved[part.Digest] = true
			if err := os.Rename(staged.Path(part.Digest), s.Path(part.Digest)); err != nil {
				return err
			}
		}
	}
	if err := adoptLayers(s, staged); err != nil {
		return err
	}
	if err := errors.Join(blob.Flush(filepath.Join(s.Dir, blobPrefix)), blob.Flush(s.Layers)); err != nil {
		return err
	}
	return s.Update(func(entries []ocispec.Descriptor) []ocispec.Descriptor {
		for _, img := range all {
			entries = image.Tagged(entries, img.Descriptor, strings.Join(img.Names, ""))
		}
		return entries
	})
}

// adoptLayers moves unpacked layers here. One that somebody else has unpacked meanwhile is the same.
func adoptLayers(s *image.Store, staged image.Store) error {
	layers, err := os.ReadDir(staged.Layers)
	for _, layer := range layers {
		renamed := os.Rename(filepath.Join(staged.Layers, layer.Name()), filepath.Join(s.Layers, layer.Name()))
		if !errors.Is(renamed, os.ErrExist) {
			err = errors.Join(err, renamed)
		}
	}
	return err
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
// that are known are taken, so none leads anywhere else; and only plain files.
func receiveFile(l blob.Layout, header *tar.Header, content io.Reader, documents map[string][]byte) error {
	name := strings.TrimSuffix(strings.TrimPrefix(header.Name, "./"), "/")
	if header.Typeflag == tar.TypeDir && strings.HasPrefix("/"+blobPrefix, strings.TrimSuffix("/"+name, "/")+"/") {
		return nil
	}
	hex, isBlob := strings.CutPrefix(name, blobPrefix)
	_, twice := documents[name]
	switch {
	case !isBlob && name != ocispec.ImageLayoutFile && name != ocispec.ImageIndexFile:
		return errors.New("does not belong in an OCI archive: for other archives, try skopeo copy docker-archive:FILE oci-archive:FILE:NAME")
	case !IsPlain(header):
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

// IsPlain tells whether an entry is a file whose content comes as it is. A sparse one is none:
// its size has nothing to do with what was sent.
func IsPlain(header *tar.Header) bool {
	for key := range header.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return false
		}
	}
	return header.Typeflag == tar.TypeReg
}
