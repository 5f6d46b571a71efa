// Package catalog finds images in the store by what people call them.
//
// The problem: the store has a list of manifests, each perhaps with a name. People know
// images, which have an id and any number of names; they shorten both, and expect that
// `busybox`, `docker.io/library/busybox:latest` and the first digits of its id are the same.
//
// The id of an image is the digest of its config. Manifests that differ only in how layers are
// compressed are one image. Names are stored as they are shown, in the form of images.Name's
// Familiar, with a tag or a digest:
//
//	jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' images/index.json
//
// To read: docker-tag(1); the OCI image specification, annotations.md.
package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images"
	"drydock/stage4-images/image"
)

// An Image is an image as people know it.
type Image struct {
	image.Image                 // the first of its manifests
	Manifests   []digest.Digest // usually one
	Tags        []string        // its names with a tag, sorted: busybox:latest
	Digests     []string        // its names with a digest, sorted: busybox@sha256:…
	FoundBy     string          // the name by which Find has found it, or "" if that was its id
}

// A User is a container, as far as images are concerned.
type User struct {
	Container string          // its id
	Image     digest.Digest   // the image's id
	Layers    []digest.Digest // chain ids: the names of the unpacked layers that it is on
	Running   bool
}

// Users tells who uses images, at the moment when it is called. It is called under the store's
// locks: so it must not change the store, nor Hold it, and would wait for ever if it did; nor wait
// for a container's lock, as whoever has that may wait for the store.
type Users func() ([]User, error)

// A Catalog is all images, the newest first.
type Catalog []Image

// Read reads the catalog. If some images cannot be read, the error names them, and the others
// are returned too.
func Read(s *image.Store) (Catalog, error) {
	all, damaged := s.List()
	var c Catalog
	for _, img := range all {
		i := slices.IndexFunc(c, func(other Image) bool { return other.ID() == img.ID() })
		if i < 0 {
			i, c = len(c), append(c, Image{Image: img})
		}
		c[i].Manifests = append(c[i].Manifests, img.Descriptor.Digest)
		for _, name := range img.Names {
			if IsDigest(name) {
				c[i].Digests = append(c[i].Digests, name)
			} else {
				c[i].Tags = append(c[i].Tags, name)
			}
		}
		Sort(c[i].Tags)
		Sort(c[i].Digests)
	}
	return c, damaged
}

// IsDigest tells whether a name has a digest, where others have a tag.
func IsDigest(name string) bool { return strings.Contains(name, "@") }

// Sort puts names in Docker's order: by all of the name, registry first.
func Sort(names []string) {
	whole := func(name string) string {
		parsed, err := images.Parse(name)
		if err != nil {
			return name // who has made it did not know Docker's names
		}
		return parsed.String()
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(whole(a), whole(b)) })
}

// NotFound is the error of Find when there is no image called Name.
type NotFound struct{ Name string }

func (n NotFound) Error() string { return "No such image: " + n.Name }

// Unreadable is the error of Find when that is the name of an image that cannot be read.
type Unreadable struct {
	Stored string // the name as it is stored, whoever has made it; or the manifest's digest without one
	Err    error
}

func (u Unreadable) Error() string { return fmt.Sprintf("image %s: %v", u.Stored, u.Err) }
func (u Unreadable) Unwrap() error { return u.Err }

// Find returns the image that a user means: by name, by id, or by the beginning of one. A name
// comes first, also that of an image that cannot be read: damaged, which Read has returned, knows
// those. It is told if there is no such image.
func (c Catalog) Find(ref string, damaged error) (Image, error) {
	name, err := Normal(ref)
	var begin []Image
	for _, img := range c {
		switch {
		case err != nil:
		case slices.Contains(img.Tags, name), slices.Contains(img.Digests, name):
			img.FoundBy = name
			return img, nil
		case string(img.ID()) == name:
			return img, nil
		case strings.HasPrefix(img.ID().Encoded(), strings.TrimPrefix(ref, "sha256:")):
			begin = append(begin, img)
		}
	}
	damage, _ := errors.AsType[image.Damage](damaged) // or none is known by name
	for _, stored := range []string{name, ref} {
		if why := damage[stored]; why != nil {
			return Image{}, Unreadable{stored, why}
		}
	}
	switch {
	case err != nil:
		return Image{}, err
	case len(begin) == 0:
		return Image{}, errors.Join(NotFound{name}, damaged)
	case len(begin) == 1:
		return begin[0], nil
	}
	return Image{}, fmt.Errorf("%s is the beginning of %d image ids: give more of it", ref, len(begin))
}

// Normal is what a user calls an image, with nothing left out: a name as it is stored, or all
// of an id.
func Normal(ref string) (string, error) {
	if hex := strings.TrimPrefix(ref, "sha256:"); images.IsID(ref) && len(hex) == digest.SHA256.Size()*2 {
		return "sha256:" + hex, nil
	}
	name, err := images.Parse(ref)
	if err != nil {
		return "", err
	}
	return name.Stored()
}

// Tag gives the image that is called source the name target too, and takes that from the image
// that has had it. target may have no digest, which nobody can give.
func Tag(s *image.Store, source, target string) error {
	name, err := images.Parse(target)
	switch {
	case err != nil:
		return fmt.Errorf("Error parsing reference: %q is not a valid repository/tag: %w", target, err)
	case name.Digest != "":
		return errors.New("refusing to create a tag with a digest reference")
	case images.Name{Domain: name.Domain, Path: name.Path}.Familiar() == "sha256":
		return errors.New("refusing to create an ambiguous tag using digest algorithm as name")
	}
	stored, err := name.Stored()
	if err != nil {
		return err
	}
	held, err := s.Hold() // or the image could be deleted before it has the name
	if err != nil {
		return err
	}
	defer held.Close()
	c, damaged := Read(s)
	img, err := c.Find(source, damaged)
	if err != nil {
		return err
	}
	return s.Update(func(all []ocispec.Descriptor) []ocispec.Descriptor {
		return image.Tagged(all, img.Descriptor, stored)
	})
}
