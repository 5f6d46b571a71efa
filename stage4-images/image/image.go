// Package image keeps images on disk: what a container's files are made of, and how its
// program is to be started, each piece under the digest of its content.
//
// The problem: images share most of their layers, arrive over bad lines from strangers,
// and are to be the same everywhere. So a piece is stored once, nobody sees a half of one,
// and what its name says is what is in it.
//
// The format is the OCI image layout, in the folder images of the state root. A blob's name
// is its SHA-256; a config (JSON) says how to start and lists the layers' tar files by their
// digests; a manifest (JSON) lists the blobs of config and layers; index.json lists
// manifests by name:
//
//	cd images; field=$(jq -r .manifests[0].digest index.json)
//	jq .config,.layers blobs/sha256/${field#sha256:}
//	sha256sum blobs/sha256/*
//
// Layers are also kept unpacked, as overlay directories below layers, for containers to
// share. Their name is the chain id: the digest of a layer and all that are below it.
//
// To read: the OCI image specification: image-layout.md, manifest.md, config.md.
package image

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/blob"
)

// An Image is a manifest, and what it refers to.
type Image struct {
	Descriptor ocispec.Descriptor // of the manifest
	Manifest   ocispec.Manifest
	Config     ocispec.Image
	Names      []string // such as busybox:latest; without any, it is dangling
}

// ID is what Docker calls the image's id: the digest of its config.
func (img Image) ID() digest.Digest { return img.Manifest.Config.Digest }

// ShortID is the first 12 digits of the id, as tables show it.
func (img Image) ShortID() string { return img.ID().Encoded()[:12] }

// ChainIDs are the names of the unpacked layers, bottom first.
func (img Image) ChainIDs() []digest.Digest {
	return identity.ChainIDs(slices.Clone(img.Config.RootFS.DiffIDs))
}

// Blobs are all that the image consists of.
func (img Image) Blobs() []ocispec.Descriptor {
	return append([]ocispec.Descriptor{img.Descriptor, img.Manifest.Config}, img.Manifest.Layers...)
}

// maxLayers is overlayfs's OVL_MAX_STACK.
const maxLayers = 500

// check refuses an image whose parts do not fit together. All its digests become names of files.
func (img Image) check() error {
	diffs, layers := img.Config.RootFS.DiffIDs, img.Manifest.Layers
	switch {
	case len(diffs) != len(layers):
		return fmt.Errorf("its manifest has %d layers, its config %d", len(layers), len(diffs))
	case len(layers) > maxLayers:
		return fmt.Errorf("it has %d layers: more than the %d that overlayfs takes", len(layers), maxLayers)
	}
	for i, layer := range layers {
		err := errors.Join(blob.CheckDigest(layer.Digest), blob.CheckDigest(diffs[i]))
		switch kind := blob.MediaType(layer.MediaType); {
		case err != nil:
			return err
		case layer.Size < 0:
			return fmt.Errorf("layer %q has %d bytes: get the image again, or another one", layer.Digest, layer.Size)
		case kind != ocispec.MediaTypeImageLayer && kind != ocispec.MediaTypeImageLayerGzip && kind != ocispec.MediaTypeImageLayerZstd:
			return fmt.Errorf("layer %q has the unknown media type %q: %s", layer.Digest, layer.MediaType, blob.Remedy)
		}
	}
	return nil
}

// Damage is why images cannot be read: by their names, or the manifest's digest without one.
type Damage map[string]error

func (d Damage) Error() string {
	var all []string
	for name, why := range d {
		all = append(all, fmt.Sprintf("image %s: %s", name, why))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// List returns all images, the newest first. If some cannot be read, the error is their Damage,
// and the others are returned too. What is gone while it is being read is no damage.
func (s *Store) List() ([]Image, error) {
	index, err := s.index()
	for err == nil {
		all, damage := s.listed(index)
		if len(damage) == 0 {
			return all, nil
		}
		before := index
		if index, err = s.index(); err == nil && reflect.DeepEqual(before, index) {
			return all, damage
		}
	}
	return nil, err
}

func (s *Store) listed(index ocispec.Index) (all []Image, damage Damage) {
	damage = Damage{}
	for _, e := range index.Manifests {
		i := slices.IndexFunc(all, func(img Image) bool { return img.Descriptor.Digest == e.Digest })
		if i < 0 {
			img, err := Read(s.Layout, e, false)
			if err != nil {
				damage[cmp.Or(NameOf(e), e.Digest.String())] = err
				continue
			}
			i, all = len(all), append(all, img)
		}
		if name := NameOf(e); name != "" {
			all[i].Names = append(all[i].Names, name)
		}
	}
	created := func(img Image) time.Time { return *cmp.Or(img.Config.Created, &time.Time{}) }
	slices.SortStableFunc(all, func(a, b Image) int { return created(b).Compare(created(a)) })
	return all, damage
}

// Find returns the image that a user means: by name, or by the beginning of an id.
func (s *Store) Find(ref string) (Image, error) {
	all, damaged := s.List()
	name, _ := Normalize(ref) // what is no name may be an id
	if damage, _ := errors.AsType[Damage](damaged); damage[name] != nil {
		return Image{}, fmt.Errorf("image %s: %w", name, damage[name])
	}
	var begins []Image
	for _, img := range all {
		if slices.Contains(img.Names, name) {
			return img, nil
		}
		same := func(other Image) bool { return other.ID() == img.ID() }
		if prefix := strings.TrimPrefix(ref, "sha256:"); prefix != "" &&
			strings.HasPrefix(img.ID().Encoded(), prefix) && !slices.ContainsFunc(begins, same) {
			begins = append(begins, img)
		}
	}
	switch len(begins) {
	case 0:
		return Image{}, errors.Join(fmt.Errorf("no such image: %s", ref), damaged)
	case 1:
		return begins[0], nil
	}
	return Image{}, fmt.Errorf("%s is the beginning of %d image ids: give more of it", ref, len(begins))
}

// Read reads a manifest and its config. Of layers, only the sizes are looked at when the
// image is to be complete.
func Read(l blob.Layout, desc ocispec.Descriptor, complete bool) (Image, error) {
	img := Image{Descriptor: entry(desc, "")}
	if err := l.Document(desc, ocispec.MediaTypeImageManifest, &img.Manifest); err != nil {
		return img, err
	}
	if err := l.Document(img.Manifest.Config, ocispec.MediaTypeImageConfig, &img.Config); err != nil {
		return img, err
	}
	err := img.check()
	for _, layer := range img.Manifest.Layers {
		if complete && err == nil {
			err = l.CheckSize(layer)
		}
	}
	return img, err
}
