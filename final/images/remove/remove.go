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
// Containers are asked for under the lock of the list, and once more before anything is deleted from
// disk. What is left to chance: a container that is made of an image, and has no record yet, is not
// seen, and the image goes, as rmi -f would have it go. Its layers stay, as whoever makes a container
// holds the store until it has a record: it runs as any other.
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
	Left     bool            // somebody holds the store: what nobody needs is left on disk for the next rmi or prune
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
	c, damaged := catalog.Read(s)
	img, err := c.Find(ref, damaged)
	if bad, ok := errors.AsType[catalog.Unreadable](err); ok {
		r, err = unreadable(s, bad.Stored)
	} else if err == nil {
		r, err = remove(s, img, request{Ref: ref, Name: img.FoundBy, Force: o.Force, Users: o.Users})
		if len(r.Deleted) == 0 {
			return r, err // only a name, or nothing
		}
	}
	if err == nil {
		err = sweep(s, &r, img.ChainIDs(), o.Users)
	}
	return r, err
}

// remove takes from the list of images what is planned.
func remove(s *image.Store, img catalog.Image, want request) (r Result, err error) {
	var refused error
	mine := func(e ocispec.Descriptor) bool { return slices.Contains(img.Manifests, e.Digest) }
	err = s.Update(func(entries []ocispec.Descriptor) []ocispec.Descriptor {
		// They may have changed since the image was found.
		others := func(e ocispec.Descriptor) bool { return !mine(e) }
		p, err := decide(slices.DeleteFunc(slices.Clone(entries), others), img.ID(), want)
		if err != nil {
			refused = err
			return entries
		}
		r.Untagged = p.names
		entries = slices.DeleteFunc(entries, func(e ocispec.Descriptor) bool {
			return mine(e) && (p.all || slices.Contains(p.names, image.NameOf(e)))
		})
		if p.all {
			r.Deleted = append(r.Deleted, img.ID())
		} else if !slices.ContainsFunc(entries, mine) {
			return image.Tagged(entries, img.Descriptor, "")
		}
		return entries
	})
	if err = errors.Join(refused, err); err != nil {
		return Result{}, err // the list is as it was
	}
	return r, nil
}

// decide plans for an image as it is now, which has these entries in the list.
func decide(entries []ocispec.Descriptor, id digest.Digest, want request) (planned, error) {
	if len(entries) == 0 {
		return planned{}, catalog.NotFound{Name: want.Ref} // any more
	}
	users, err := want.Users()
	if err != nil {
		return planned{}, err
	}
	now := state{ID: id, Users: users}
	for _, e := range entries {
		if name := image.NameOf(e); name != "" {
			now.Names = append(now.Names, name)
		}
	}
	catalog.Sort(now.Names)
	return plan(now, want)
}

// unreadable takes an image from the list that has a name, as it is stored, or none and this
// digest; if it cannot be read, still.
func unreadable(s *image.Store, stored string) (r Result, err error) {
	err = s.Update(func(entries []ocispec.Descriptor) []ocispec.Descriptor {
		return slices.DeleteFunc(entries, func(e ocispec.Descriptor) bool {
			if stored != cmp.Or(image.NameOf(e), e.Digest.String()) {
				return false
			}
			_, damage := image.Read(s.Layout, e, false)
			if damage != nil {
				r.Untagged = append(r.Untagged, stored)
			}
			return damage != nil
		})
	})
	if err != nil {
		return Result{}, err
	}
	if r.Untagged == nil {
		return r, catalog.NotFound{Name: stored} // any more
	}
	return r, nil
}
