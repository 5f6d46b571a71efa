// Package dockerarchive takes images along in one file, as Docker does.
//
// The problem: docker save has written images in three ways over the years, other tools have
// taken up each, and what comes as a file may come from anybody.
//
// The format is a tar file with a list of images, manifest.json. It names a file for each
// config and each layer, and the names say little: up to Docker 24 they are random, and a layer
// that an image shares with another is a link to it. Since Docker 25 they are those of an OCI
// layout, which is in the same file:
//
//	manifest.json  [{"Config": "…", "RepoTags": ["box:latest"], "Layers": ["…", "…"]}]
//	HEX.json       or blobs/sha256/HEX
//	ID/layer.tar   or blobs/sha256/HEX
//	oci-layout, index.json
//
// By hand:
//
//	tar -xOf archive.tar manifest.json | jq -r '.[].Config, .[].Layers[]'
//
// Layers in the older form are not compressed, and are stored as they are.
//
// To read: the OCI image specification, image-layout.md; docker-image-save(1).
package dockerarchive

import (
	"archive/tar"
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/diffid"
	"drydock/final/transfer/platform"
	"drydock/stage4-images/archive"
	"drydock/stage4-images/blob"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// manifestFile is the list of images.
const manifestFile = "manifest.json"

// maxEntries is more than any honest archive has.
const maxEntries = 100_000

// Options say which of an archive's images are taken, and how.
type Options struct {
	Platform string      // as people type it; empty is this machine's, or else any
	Apply    image.Apply // how layers are unpacked
}

// Load reads an archive, compressed or not, from anybody, and returns its images, unpacked, each
// with one name or none. If anything is wrong, nothing of it stays.
func Load(s *image.Store, r io.Reader, o Options) ([]image.Image, error) {
	want := platform.Here()
	if o.Platform != "" {
		var err error
		if want, err = platform.Parse(o.Platform); err != nil {
			return nil, err
		}
	}
	plain, err := layer.Open(r)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	defer plain.Close()
	a := contents{want: want, strict: o.Platform != "", files: map[string]ocispec.Descriptor{}, links: map[string]string{}, documents: map[string][]byte{}}
	return archive.Stage(s, func(l blob.Layout) ([]image.Image, error) {
		a.l = l
		if err := a.receive(tar.NewReader(plain)); err != nil {
			return nil, err
		}
		return a.images()
	}, func(all []image.Image, unpack archive.Unpack) error {
		listed, _ := s.List() // what cannot be read is compared again
		known := diffid.Listed(listed)
		for _, img := range all {
			unpacked, err := unpack(img, o.Apply)
			if err == nil {
				err = known.All(a.l, img, unpacked)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// contents are what an archive has in it. Its names are no paths here: each file is kept
// under its digest, and only looked up by its name.
type contents struct {
	l         blob.Layout
	want      platform.Platform
	strict    bool // no image for another one will do
	files     map[string]ocispec.Descriptor
	links     map[string]string
	documents map[string][]byte
}

// images are those of the OCI layout, if the archive is one too: that has more of them.
func (a *contents) images() ([]image.Image, error) {
	switch {
	case a.documents[ocispec.ImageIndexFile] != nil:
		return a.fromIndex()
	case a.documents[manifestFile] != nil:
		return a.fromManifest()
	}
	return nil, errors.New("unrecognized image format: it has neither manifest.json nor index.json")
}

func (a *contents) receive(in *tar.Reader) error {
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("unrecognized image format: %w", err)
		}
		if err := a.entry(header, in); err != nil {
			return fmt.Errorf("%q: %w", header.Name, err)
		}
	}
}

var blobRule = regexp.MustCompile(`^blobs/sha256/([0-9a-f]{64})$`)

// entry takes one entry.
func (a *contents) entry(header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if header.Typeflag == tar.TypeDir || header.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	_, isFile := a.files[name]
	switch {
	case path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../"):
		return errors.New("leads out of the archive")
	case isFile || a.links[name] != "" || a.documents[name] != nil:
		return errors.New("is in the archive twice")
	case len(a.files)+len(a.links) > maxEntries:
		return fmt.Errorf("the archive has more than %d entries", maxEntries)
	case header.Typeflag == tar.TypeSymlink && path.Base(name) == "layer.tar":
		a.links[name] = path.Join(path.Dir(name), header.Linkname)
		return nil
	case !archive.IsPlain(header):
		return errors.New("is not a plain file")
	}
	switch name {
	case manifestFile, ocispec.ImageIndexFile, ocispec.ImageLayoutFile:
		return a.document(name, header.Size, content)
	}
	switch base := path.Base(name); {
	case name == "repositories", base == "VERSION", base == "json":
		return nil // Docker's from before version 1.10, which the list of images has too
	}
	var want digest.Digest
	if match := blobRule.FindStringSubmatch(name); match != nil {
		want = digest.NewDigestFromEncoded(digest.SHA256, match[1])
	}
	desc, err := a.l.Put("", content, want)
	a.files[name] = desc
	return err
}

// document keeps one of the archive's own documents.
func (a *contents) document(name string, size int64, content io.Reader) error {
	if size > blob.MaxJSON {
		return fmt.Errorf("%d bytes are more than the %d of a document", size, blob.MaxJSON)
	}
	text, err := io.ReadAll(content)
	a.documents[name] = append([]byte{}, text...)
	return err
}

// find returns the file that the list of images names.
func (a *contents) find(name string) (ocispec.Descriptor, error) {
	name = path.Clean(name)
	if to, isLink := a.links[name]; isLink {
		name = to
	}
	desc, isFile := a.files[name]
	if !isFile {
		return desc, fmt.Errorf("%q is missing in the archive", name)
	}
	return desc, nil
}

// unmarshal reads one of the archive's own documents.
func (a *contents) unmarshal(name string, value any) error {
	if err := json.Unmarshal(a.documents[name], value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// compression tells a layer's media type, by its first bytes.
func (a *contents) compression(d digest.Digest) (string, error) {
	content, err := a.l.Blob(d)
	if err != nil {
		return "", err
	}
	defer content.Close()
	magic, err := bufio.NewReader(content).Peek(4)
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		return ocispec.MediaTypeImageLayerGzip, nil
	case string(magic) == "\x28\xb5\x2f\xfd":
		return ocispec.MediaTypeImageLayerZstd, nil
	case errors.Is(err, io.EOF):
		err = nil
	}
	return ocispec.MediaTypeImageLayer, err
}
