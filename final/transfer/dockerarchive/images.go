package dockerarchive

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"regexp"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images"
	"drydock/final/transfer/platform"
	"drydock/stage4-images/archive"
	"drydock/stage4-images/blob"
	"drydock/stage4-images/image"
)

// fromIndex are the images of an OCI layout.
func (a *contents) fromIndex() (all []image.Image, err error) {
	var version ocispec.ImageLayout
	var index ocispec.Index
	if a.documents[ocispec.ImageLayoutFile] == nil {
		return nil, fmt.Errorf("%s is missing: this is no OCI archive", ocispec.ImageLayoutFile)
	}
	if err := errors.Join(a.unmarshal(ocispec.ImageLayoutFile, &version), a.unmarshal(ocispec.ImageIndexFile, &index)); err != nil {
		return nil, err
	}
	if version.Version != ocispec.ImageLayoutVersion {
		return nil, fmt.Errorf("%s: unknown version %q", ocispec.ImageLayoutFile, version.Version)
	}
	for _, e := range index.Manifests {
		img, err := a.choose(e)
		if err != nil {
			return nil, err
		}
		// OCI allows names that are none of ours: v1.0+build.5 is one.
		img.Names, _ = names(cmp.Or(e.Annotations[archive.WholeName], image.NameOf(e)))
		all = append(all, img)
	}
	return all, nil
}

// names reads the name of an image that is to be given one.
func names(text string) ([]string, error) {
	name, err := images.Parse(text)
	if err == nil && name.Digest != "" {
		err = errors.New("has a digest")
	}
	var stored string
	if err == nil {
		stored, err = name.Stored()
	}
	if err != nil {
		return nil, fmt.Errorf("the name %q: %w", text, err)
	}
	return []string{stored}, nil
}

// choose returns the image that an entry of the index means: it may be an index itself, of the
// same image for several machines. One more level is refused.
func (a *contents) choose(e ocispec.Descriptor) (image.Image, error) {
	if blob.MediaType(e.MediaType) != ocispec.MediaTypeImageIndex {
		return a.read(e)
	}
	var index ocispec.Index
	if err := a.l.Document(e, ocispec.MediaTypeImageIndex, &index); err != nil {
		return image.Image{}, err
	}
	chosen, found := a.want.Choose(index)
	for _, other := range index.Manifests {
		isHere := blob.CheckDigest(other.Digest) == nil && a.l.CheckSize(other) == nil
		if !found && !a.strict && isHere && other.Platform != nil && other.Platform.OS != "unknown" {
			chosen, found = other, true
		}
	}
	if !found {
		return image.Image{}, fmt.Errorf("no matching manifest for %s in the index %s: try another --platform", a.want, e.Digest)
	}
	return a.read(chosen)
}

// read returns an image that is there as a whole.
func (a *contents) read(desc ocispec.Descriptor) (image.Image, error) {
	img, err := image.Read(a.l, desc, true)
	if is := platform.Of(img.Config.Platform); err == nil && a.strict && !a.want.Runs(is) {
		err = fmt.Errorf("the archive has an image for %s, not for %s: try another --platform", is, a.want)
	}
	return img, err
}

// An item of the list of images. An image has its names there; here it is listed once for each.
type item struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// fromManifest are the images of the list.
func (a *contents) fromManifest() (all []image.Image, err error) {
	var list []item
	if err := a.unmarshal(manifestFile, &list); err != nil {
		return nil, err
	}
	for _, it := range list {
		img, err := a.image(it)
		if err != nil {
			return nil, err
		}
		if len(it.RepoTags) == 0 {
			all = append(all, img)
		}
		for _, tag := range it.RepoTags {
			named := img
			if named.Names, err = names(tag); err != nil {
				return nil, err
			}
			all = append(all, named)
		}
	}
	return all, nil
}

var configRule = regexp.MustCompile(`^(?:sha256:)?([0-9a-f]{64})(?:\.json)?$`)

// image makes a manifest for an item. What its names say of the content is to be true.
func (a *contents) image(it item) (image.Image, error) {
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	var err error
	if manifest.Config, err = a.find(it.Config); err != nil {
		return image.Image{}, err
	}
	if match := configRule.FindStringSubmatch(path.Base(it.Config)); match != nil && match[1] != manifest.Config.Digest.Encoded() {
		return image.Image{}, fmt.Errorf("%q has the digest %s", it.Config, manifest.Config.Digest)
	}
	manifest.Config.MediaType = ocispec.MediaTypeImageConfig
	var config ocispec.Image
	if err := a.l.Document(manifest.Config, ocispec.MediaTypeImageConfig, &config); err != nil {
		return image.Image{}, err
	}
	if len(config.RootFS.DiffIDs) != len(it.Layers) {
		return image.Image{}, fmt.Errorf("%q lists %d layers, and %s %d", it.Config, len(config.RootFS.DiffIDs), manifestFile, len(it.Layers))
	}
	for i, name := range it.Layers {
		desc, err := a.layer(name, config.RootFS.DiffIDs[i])
		if err != nil {
			return image.Image{}, err
		}
		manifest.Layers = append(manifest.Layers, desc)
	}
	desc, err := a.l.PutJSON(ocispec.MediaTypeImageManifest, manifest)
	if err != nil {
		return image.Image{}, err
	}
	return a.read(desc)
}

// layer finds a layer, of which the config has the digest of the tar file.
func (a *contents) layer(name string, diffID digest.Digest) (ocispec.Descriptor, error) {
	desc, err := a.find(name)
	if err != nil {
		return desc, err
	}
	desc.MediaType = ocispec.MediaTypeImageLayer
	if desc.Digest == diffID {
		return desc, nil
	}
	desc.MediaType, err = a.compression(desc.Digest)
	return desc, err
}
