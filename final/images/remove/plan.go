package remove

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"

	"drydock/final/images"
	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// A request is what a user wants to be gone, and who may be in the way.
type request struct {
	Ref      string
	Force    bool
	Dangling bool // nothing is wanted if the image has a tag by now
	Users    []catalog.User
}

// A planned is what goes: names, and the image with them, or not.
type planned struct {
	names []string
	all   bool
}

// plan decides what of an image, which has these names, sorted, is to go. The rules are
// Docker's:
//
//   - by a name, only the name goes, unless it is the last one: then the image too, if no
//     container uses it. Force has it go although one does; not while one runs, but the name.
//   - by the id, all goes, if all names are of one repository, with one tag at the most, and no
//     container uses the image. Force has it go whatever the names, and although containers
//     use it, but not while one runs.
func plan(id digest.Digest, names []string, want request) (planned, error) {
	if want.Dangling && slices.ContainsFunc(names, func(name string) bool { return !isDigest(name) }) {
		return planned{}, nil
	}
	used, running := usersOf(id, want.Users)
	byID := strings.HasPrefix(id.String(), want.Ref) || strings.HasPrefix(id.Encoded(), want.Ref)
	if !byID {
		if used != nil && !want.Force && isSingle(names) {
			return planned{}, fmt.Errorf("conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s",
				want.Ref, images.ShortID(used.Container), images.ShortID(id.String()))
		}
		names, left, err := untagged(names, want.Ref)
		inUse := running != nil || used != nil && !want.Force
		return planned{names, !left && !inUse}, err
	}
	conflict := func(force, why string) (planned, error) {
		return planned{}, fmt.Errorf("conflict: unable to delete %s (%s be forced) - image is %s", images.ShortID(id.String()), force, why)
	}
	switch {
	case running != nil:
		return conflict("cannot", "being used by running container "+images.ShortID(running.Container))
	case len(names) > 0 && !isSingle(names) && !want.Force:
		return conflict("must", "referenced in multiple repositories")
	case used != nil && !want.Force:
		return conflict("must", "being used by stopped container "+images.ShortID(used.Container))
	}
	return planned{names, true}, nil
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

// untagged returns the names that go with one name, and whether others are left: with the last
// tag of a repository go the digests that the image has there.
func untagged(names []string, ref string) (gone []string, left bool, err error) {
	name, err := catalog.Normal(ref)
	if err != nil {
		return nil, false, err
	}
	rest := slices.DeleteFunc(slices.Clone(names), func(other string) bool { return other == name })
	gone = []string{name}
	same := func(other string) bool { return repository(other) == repository(name) }
	tagged := func(other string) bool { return same(other) && !isDigest(other) }
	if isDigest(name) || slices.ContainsFunc(rest, tagged) {
		return gone, len(rest) > 0, nil
	}
	for _, other := range rest {
		if same(other) {
			gone = append(gone, other)
		}
	}
	return gone, len(gone)-1 < len(rest), nil
}

// isSingle tells whether names are all of one repository, with one tag at the most.
func isSingle(names []string) bool {
	tags := 0
	for _, name := range names {
		if repository(name) != repository(names[0]) {
			return false
		}
		if !isDigest(name) {
			tags++
		}
	}
	return len(names) > 0 && tags <= 1
}

func isDigest(name string) bool { return strings.Contains(name, "@") }

// repository is a name without its tag or digest.
func repository(name string) string {
	repository, _ := image.Split(name)
	return repository
}
