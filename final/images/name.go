// Package images reads the names of images, as people type them.
//
// What else Docker does with images beyond stage 4, which keeps and unpacks them, is in the
// packages below: catalog finds an image by its name, show tells what is known of it, size how
// large it is, remove deletes it. The tests here have all of them say what a real Docker says.
//
// People type `busybox`; a registry is asked for docker.io/library/busybox:latest. A name
// is up to four things,
//
//	docker.io/library/busybox:latest@sha256:3fbc6329…
//	---------                                          the registry; without one, Docker Hub
//	          ---------------                          the repository on it; the Hub's own are below library/
//	                          ------                   the tag, which may be given to another image tomorrow
//	                                 ----------------  the digest, which is of one image for ever
//
// and all but the repository may be left out. That `host/busybox` is a user of the Hub and
// `host:5000/busybox` another registry is a guess from how the first word looks: see split.
//
// Docker has all this from github.com/distribution/reference, as regular expressions that
// take 0.9 ms to compile at each start of a program, even one that is asked for no image.
// Here they are written out as functions, in grammar.go; the tests have both read the same.
//
// To read: the OCI distribution specification, "Pulling manifests" (repositories and tags);
// the OCI image specification, descriptor.md#digests; docker-image-tag(1).
package images

import (
	"errors"
	"fmt"
	"strings"
)

// What Docker takes for granted.
const (
	hub        = "docker.io"
	hubOnce    = "index.docker.io" // its old name, still understood
	official   = "library/"
	defaultTag = "latest"
	maxPath    = 255 // bytes
)

// A Name is the name of an image with nothing left to be guessed but the tag. It is
// comparable: two names that Parse has returned are the same name if they are ==.
type Name struct {
	Domain string // the registry's host, perhaps with a port; empty in the rare case told at Parse
	Path   string // the repository: library/busybox
	Tag    string // empty if the user gave none
	Digest string // sha256:…; empty if the user gave none
}

// Parse reads a name as people type it. What is left out of the registry and repository is
// filled in; a tag is not, since without one `pull` takes latest, but `images` lists all.
//
// The error says what Docker says: invalid reference format, and what else is known.
//
// A full ID, 64 hexadecimal digits, is no name; the beginning of one is, and so is one
// after "sha256:". Where both will do ask IsID as well. The Domain is empty if the first
// word has the dot of a host and the underscore that no host has, as in my_host.com/x:
// then all of it is the Path, as it is in Docker, and no registry has the image.
func Parse(text string) (Name, error) {
	if len(text) == idDigits && only(text, lowerHex) {
		return Name{}, fmt.Errorf("invalid repository name (%s), cannot specify 64-byte hexadecimal strings", text)
	}
	domain, rest := split(text)
	// Whoever types capitals means a name and is told so, whatever else is wrong with it.
	if path, _, _ := strings.Cut(rest, ":"); path != strings.ToLower(path) {
		return Name{}, fmt.Errorf("invalid reference format: repository name (%s) must be lowercase", path)
	}
	full := domain + "/" + rest
	n, ok := match(full)
	if !ok {
		if _, ok := match(strings.ToLower(full)); ok {
			return Name{}, errors.New("repository name must be lowercase")
		}
		return Name{}, errors.New("invalid reference format")
	}
	if len(n.Path) > maxPath {
		return Name{}, fmt.Errorf("repository name must not be more than %d characters", maxPath)
	}
	if n.Digest != "" {
		if err := checkDigest(n.Digest); err != nil {
			return Name{}, err
		}
	}
	return n, nil
}

// split tells the registry from the rest, and makes both what they are in full. The first
// of several words is a registry if it looks as no user of Docker Hub may be called.
func split(text string) (domain, rest string) {
	domain, rest, several := strings.Cut(text, "/")
	isHost := domain == "localhost" || strings.ContainsAny(domain, ".:") || domain != strings.ToLower(domain)
	switch {
	case !several || !isHost:
		domain, rest = hub, text
	case domain == hubOnce:
		domain = hub
	}
	if domain == hub && !strings.Contains(rest, "/") {
		rest = official + rest
	}
	return domain, rest
}

// String is the name in full, as it is stored. Parse makes the same Name of it again.
func (n Name) String() string {
	if n.Domain == "" {
		return n.suffixed(n.Path)
	}
	return n.suffixed(n.Domain + "/" + n.Path)
}

// Familiar is the name as Docker shows it: without what goes without saying. It is not for
// Parse, which could take what is left for something else: docker.io/localhost/x is shown
// as localhost/x.
func (n Name) Familiar() string {
	if n.Domain != hub {
		return n.String()
	}
	if short, ok := strings.CutPrefix(n.Path, official); ok && !strings.Contains(short, "/") {
		return n.suffixed(short)
	}
	return n.suffixed(n.Path)
}

// suffixed is the repository with the tag and the digest, as far as there are any.
func (n Name) suffixed(repository string) string {
	if n.Tag != "" {
		repository += ":" + n.Tag
	}
	if n.Digest != "" {
		repository += "@" + n.Digest
	}
	return repository
}

// WithDefaultTag is the name with the tag latest, if it has neither a tag nor a digest.
func (n Name) WithDefaultTag() Name {
	if n.Tag == "" && n.Digest == "" {
		n.Tag = defaultTag
	}
	return n
}

// Stored is the name as the store has it and Docker shows it, with a tag or a digest. A name that
// would be another one when it is read again is refused.
func (n Name) Stored() (string, error) {
	n = n.TagOrDigest()
	stored := n.Familiar()
	if again, err := Parse(stored); err != nil || again != n {
		return "", fmt.Errorf("%s is stored as %s, which is the name of another image: take another name", n, stored)
	}
	return stored, nil
}

// TagOrDigest is the name with either a tag or a digest, as a registry is asked for it:
// a digest says all, and a tag beside it is only for people. With neither, it is latest.
func (n Name) TagOrDigest() Name {
	if n.Digest != "" {
		n.Tag = ""
	}
	return n.WithDefaultTag()
}
