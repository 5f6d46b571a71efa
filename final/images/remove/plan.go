package remove

import (
	"fmt"
	"slices"

	"github.com/opencontainers/go-digest"

	"drydock/final/images"
	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// A request is what a user wants to be gone.
type request struct {
	Ref      string // as the user has given it
	Name     string // the name by which the image was found, or "" if that was its id
	Force    bool
	Dangling bool // nothing is wanted if the image has a tag by now
	Unused   bool // nothing is wanted if a container uses it by now
	Users    catalog.Users
}

// A state is what an image is at the moment when it is decided what goes.
type state struct {
	ID    digest.Digest
	Names []string // sorted
	Users []catalog.User
}

// A planned is what goes: names, and the image with them, or not.
type planned struct {
	names []string
	all   bool
}

// plan decides what of an image is to go. The rules are Docker's:
//
//   - by a name, only the name goes, unless it is the last one: then the image too, if no
//     container uses it. Force has it go although one does; not while one runs, but the name.
//   - by the id, all goes, if all names are of one repository, with one tag at the most, and no
//     container uses the image. Force has it go whatever the names, and although containers
//     use it, but not while one runs.
//
// Docker takes a name that the id begins with, such as sh of sha256:…, for the id. Here it is a name.
func plan(now state, want request) (planned, error) {
	used, running := usersOf(now.ID, now.Users)
	isTag := func(name string) bool { return !catalog.IsDigest(name) }
	switch {
	case want.Name != "" && !slices.Contains(now.Names, want.Name):
		return planned{}, catalog.NotFound{Name: want.Name} // any more
	case want.Dangling && slices.ContainsFunc(now.Names, isTag), want.Unused && used != nil:
		return planned{}, nil
	case want.Name != "":
		if used != nil && !want.Force && isSingle(now.Names) {
			return planned{}, fmt.Errorf("conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s",
				want.Ref, images.ShortID(used.Container), images.ShortID(now.ID.String()))
		}
		gone, kept := untagged(now.Names, want.Name)
		inUse := running != nil || used != nil && !want.Force
		return planned{gone, len(kept) == 0 && !inUse}, nil
	}
	conflict := func(force, why string) (planned, error) {
		return planned{}, fmt.Errorf("conflict: unable to delete %s (%s be forced) - image is %s", images.ShortID(now.ID.String()), force, why)
	}
	switch {
	case running != nil:
		return conflict("cannot", "being used by running container "+images.ShortID(running.Container))
	case len(now.Names) > 0 && !isSingle(now.Names) && !want.Force:
		return conflict("must", "referenced in multiple repositories")
	case used != nil && !want.Force:
		return conflict("must", "being used by stopped container "+images.ShortID(used.Container))
	}
	return planned{now.Names, true}, nil
}

// usersOf returns a container that uses an image, and one of those that runs.
func usersOf(id digest.Digest, all []catalog.User) (used, running *catalog.User) {
	for i := range all {
		if all[i].Image == id {
			used = &all[i]
			if used.Running {
				running = used
			}
		}
	}
	return used, running
}

// untagged parts names into those that go with one of them, and those that are kept: with the
// last tag of a repository go the digests that the image has there.
func untagged(names []string, name string) (gone, kept []string) {
	same := func(other string) bool { return other != name && repository(other) == repository(name) }
	isTag := func(other string) bool { return same(other) && !catalog.IsDigest(other) }
	last := !catalog.IsDigest(name) && !slices.ContainsFunc(names, isTag)
	gone = []string{name}
	for _, other := range names {
		if last && same(other) {
			gone = append(gone, other)
		} else if other != name {
			kept = append(kept, other)
		}
	}
	return gone, kept
}

// isSingle tells whether names are all of one repository, with one tag at the most.
func isSingle(names []string) bool {
	tags := 0
	for _, name := range names {
		if repository(name) != repository(names[0]) {
			return false
		}
		if !catalog.IsDigest(name) {
			tags++
		}
	}
	return len(names) > 0 && tags <= 1
}

// repository is a name without its tag or digest.
func repository(name string) string {
	repository, _ := image.Split(name)
	return repository
}
