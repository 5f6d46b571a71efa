// Package platform tells which of several images is the one for a machine.
//
// An image is made of programs for one kind of processor, so what a name means is often an
// index: a list of images, each with its platform, as OS/ARCHITECTURE/VARIANT:
//
//	linux/amd64   linux/arm64   linux/arm/v7
//
// People write the processors in several ways, and an ARM v7 runs programs for v6.
//
// To read: the OCI image specification, image-index.md, "Platform Variants"; uname(1) -m.
package platform

import (
	"cmp"
	"fmt"
	"regexp"
	"runtime"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// A Platform is what images are for.
type Platform struct{ OS, Architecture, Variant string }

// Here is the platform of this machine.
func Here() Platform { return Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}.normal() }

var wordRule = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// aliases are other words for processors: uname's, and Debian's.
var aliases = map[string]Platform{
	"x86_64": {Architecture: "amd64"}, "x86-64": {Architecture: "amd64"},
	"i386": {Architecture: "386"}, "i686": {Architecture: "386"},
	"aarch64": {Architecture: "arm64"},
	"armhf":   {Architecture: "arm", Variant: "v7"}, "armel": {Architecture: "arm", Variant: "v6"},
}

// known are the processors that go by their names alone, as in --platform arm64.
var known = map[string]bool{"386": true, "amd64": true, "arm": true, "arm64": true, "loong64": true, "mips64le": true, "ppc64le": true, "riscv64": true, "s390x": true}

// Parse reads what people type: OS[/ARCHITECTURE[/VARIANT]], or the architecture alone. What is
// left out is this machine's.
func Parse(text string) (Platform, error) {
	words := strings.Split(strings.ToLower(text), "/")
	for _, word := range words {
		if !wordRule.MatchString(word) || len(words) > 3 {
			return Platform{}, fmt.Errorf("invalid platform %q: give OS[/ARCHITECTURE[/VARIANT]], such as linux/arm64", text)
		}
	}
	words = append(words, "", "")[:3]
	p := Platform{words[0], words[1], words[2]}
	if p.Architecture == "" {
		switch alone := (Platform{Here().OS, p.OS, ""}).normal(); {
		case known[alone.Architecture]:
			return alone, nil
		case p.OS != "linux" && p.OS != "windows":
			return Platform{}, fmt.Errorf("%q: unknown operating system or architecture", text)
		}
		p.Architecture = runtime.GOARCH
	}
	return p.normal(), nil
}

// normal writes a platform in the one way that can be compared.
func (p Platform) normal() Platform {
	if alias, isAlias := aliases[p.Architecture]; isAlias {
		p.Architecture, p.Variant = alias.Architecture, cmp.Or(p.Variant, alias.Variant)
	}
	switch {
	case p.Architecture == "arm":
		p.Variant = "v" + strings.TrimPrefix(cmp.Or(p.Variant, "v7"), "v")
	case p.Architecture == "arm64" && strings.TrimPrefix(p.Variant, "v") == "8", p.Architecture == "amd64" && p.Variant == "v1":
		p.Variant = ""
	}
	return p
}

// String is how the platform is written.
func (p Platform) String() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// Of is the platform that an index or a config names.
func Of(p ocispec.Platform) Platform { return Platform{p.OS, p.Architecture, p.Variant}.normal() }

// Runs tells whether a machine of the platform p can run an image: a newer ARM runs what is
// for an older one, and all others are what they are.
func (p Platform) Runs(image Platform) bool {
	if p.OS != image.OS || p.Architecture != image.Architecture {
		return false
	}
	return p.Variant == image.Variant || p.Architecture == "arm" && image.Variant <= p.Variant && image.Variant >= "v5"
}

// Choose returns the image of an index that is best for the platform: among several, the one
// with the highest variant, of the same the first.
func (p Platform) Choose(index ocispec.Index) (best ocispec.Descriptor, found bool) {
	for _, e := range index.Manifests {
		if e.Platform != nil && p.Runs(Of(*e.Platform)) && (!found || Of(*e.Platform).Variant > Of(*best.Platform).Variant) {
			best, found = e, true
		}
	}
	return best, found
}
