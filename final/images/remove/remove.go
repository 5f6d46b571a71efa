// Package remove takes names from images, and deletes the images that are left without any.
//
// The problem: the same image has several names, the same layer is part of several images, and
// containers stand on layers. What is deleted must be needed by nobody; somebody may be
// adding an image that needs it at this very moment; and a kill at any point must not leave an
// image that is half there.
//
// The order is the answer. The list of images, index.json, is changed first, by one rename:
// from then on the image is gone, whatever happens. What is on disk and needed by nobody is
// found by looking, not by counting references, so it does not matter who left it or when:
// see sweep. In a shell, for a store in which there are no containers:
//
//	jq 'del(.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "NAME"))' index.json
//	rm blobs/sha256/OF-NO-IMAGE ../layers/OF-NO-IMAGE
//
// Which requests are refused, and in which words, is Docker's: see plan. Only that Docker
// knows of images that were made by commit what they were made from, and deletes these parents too
// when they have no name (rmi --no-prune leaves them): here, as for images that Docker has
// pulled, loaded or built with BuildKit, an image has no parent.
//
// To read: docker-rmi(1); docker-image-prune(1); flock(2).
package remove

import (
	"cmp"
	"errors"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// A Result is what has been removed.
type Result struct {
	Untagged []string        // names
	Deleted  []digest.Digest // ids of images, and then chain ids of layers
	Freed    int64           // bytes on disk
	Left     bool            // what nobody needs is left for the next time: an image or a container is being made
}

// Options are what removing an image depends on, beside the image.
type Options struct {
	Force bool
	Users catalog.Users
}

// Image removes what a user calls ref: a name, and with an image's last name the image; or by
// its id, an image with all its names. What is in the way is an error, before anything is
// changed. An image that cannot be read is removed by its name, or by its manifest's digest if
// it has none.
func Image(s *image.Store, ref string, o Options) (r Result, err error) {
	users, err := o.Users()
	if err != nil {
		return r, err
	}
	c, damaged := catalog.Read(s)
	img, notFound := c.Find(ref, damaged)
	switch {
	case notFound == nil:
		r, err = remove(s, img, request{Ref: ref, Force: o.Force, Users: users})
	case damaged != nil:
		r, err = unreadable(s, ref, notFound)
	default:
		err = notFound
	}
	if nameOnly := notFound == nil && len(r.Deleted) == 0; err == nil && !nameOnly {
		err = sweep(s, &r, img.ChainIDs(), o.Users)
	}
	return r, err
}

// remove takes from the list of images what is planned.
func remove(s *image.Store, img catalog.Image, want request) (r Result, err error) {
	var refused error
	err = s.Update(func(entries []ocispec.Descriptor) []ocispec.Descriptor {
		// They may have changed since the image was found.
		mine := func(e ocispec.Descriptor) bool { return slices.Contains(img.Manifests, e.Digest) }
		var names []string
		for _, e := range entries {
			if name := nameOf(e); mine(e) && name != "" {
				names = append(names, name)
			}
		}
		if !slices.ContainsFunc(entries, mine) {
			refused = catalog.NotFound{Name: want.Ref} // any more
			return entries
		}
		catalog.Sort(names)
		var p planned
		if p, refused = plan(img.ID(), names, want); refused != nil {
			return entries
		}
		r.Untagged = p.names
		entries = slices.DeleteFunc(entries, func(e ocispec.Descriptor) bool {
			return mine(e) && (p.all || slices.Contains(p.names, nameOf(e)))
		})
		if p.all {
			r.Deleted = append(r.Deleted, img.ID())
		} else if !slices.ContainsFunc(entries, mine) {
			return image.Tagged(entries, img.Descriptor, "")
		}
		return entries
	})
	return r, errors.Join(refused, err)
}

// unreadable takes an image from the list that cannot be read, if there is one called ref.
func unreadable(s *image.Store, ref string, notFound error) (r Result, err error) {
	name, err := catalog.Normal(ref)
	if err != nil {
		return r, err
	}
	err = s.Update(func(entries []ocispec.Descriptor) []ocispec.Descriptor {
		return slices.DeleteFunc(entries, func(e ocispec.Descriptor) bool {
			found := name == cmp.Or(nameOf(e), e.Digest.String())
			if found {
				r.Untagged = append(r.Untagged, name)
			}
			return found
		})
	})
	if err == nil && r.Untagged == nil {
		err = notFound
	}
	return r, err
}

// nameOf is the name that an entry of the list gives an image.
func nameOf(entry ocispec.Descriptor) string { return entry.Annotations[ocispec.AnnotationRefName] }
