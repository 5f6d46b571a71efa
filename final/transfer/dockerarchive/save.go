package dockerarchive

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images"
	"drydock/stage4-images/archive"
	"drydock/stage4-images/image"
)

// Save writes images in both forms at once, so that old and new Dockers, podman, skopeo and
// what reads OCI archives can read it. The same images give the same bytes. A name without a
// tag stands for all tags of the repository, and what is found by its id has no name in there:
// both as with Docker.
func Save(s *image.Store, w io.Writer, refs []string) error {
	var entries []ocispec.Descriptor
	found := map[digest.Digest]image.Image{}
	for _, ref := range refs {
		names, err := mean(s, ref)
		if err != nil {
			return err
		}
		for name, img := range names {
			entries = image.Tagged(entries, img.Descriptor, name)
			found[img.Descriptor.Digest] = img
		}
	}
	list := manifest(entries, found)
	for i := range entries {
		rename(&entries[i])
	}
	sizes := map[digest.Digest]int64{}
	for _, img := range found {
		for _, part := range img.Blobs() {
			sizes[part.Digest] = part.Size
		}
	}
	return archive.Write(s, w, []archive.Document{
		{Name: ocispec.ImageIndexFile, Value: image.Index(entries)}, {Name: manifestFile, Value: list},
	}, sizes)
}

// mean finds the images that a user means, by the names that they have in the archive.
func mean(s *image.Store, ref string) (map[string]image.Image, error) {
	name, parseErr := images.Parse(ref)
	found := map[string]image.Image{}
	if parseErr == nil && name.Tag == "" && name.Digest == "" {
		all, _ := s.List() // what is damaged is told when it is meant
		for _, img := range all {
			for _, other := range img.Names {
				if n, err := images.Parse(other); err == nil && n.Tag != "" && n.Domain == name.Domain && n.Path == name.Path {
					found[other] = img
				}
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	if parseErr == nil && !images.IsID(ref) {
		ref = name.WithDefaultTag().Familiar()
	}
	img, err := s.Find(ref)
	if err != nil {
		return nil, err
	}
	if slices.Contains(img.Names, ref) && name.Digest == "" {
		found[ref] = img
	} else {
		found[""] = img
	}
	return found, nil
}

// manifest lists the images of an index as older Dockers do.
func manifest(entries []ocispec.Descriptor, found map[digest.Digest]image.Image) (list []item) {
	tags := map[digest.Digest][]string{}
	for _, e := range entries {
		tags[e.Digest] = append(tags[e.Digest], slices.Collect(maps.Values(e.Annotations))...)
	}
	for _, d := range slices.Sorted(maps.Keys(found)) {
		it := item{Config: blobName(found[d].Manifest.Config.Digest), RepoTags: slices.Sorted(slices.Values(tags[d])), Layers: []string{}}
		for _, layer := range found[d].Manifest.Layers {
			it.Layers = append(it.Layers, blobName(layer.Digest))
		}
		list = append(list, it)
	}
	return list
}

// blobName is what a blob is called in the archive.
func blobName(d digest.Digest) string { return fmt.Sprintf("blobs/%s/%s", d.Algorithm(), d.Encoded()) }

// rename writes an entry's name as Docker does.
func rename(e *ocispec.Descriptor) {
	name, err := images.Parse(e.Annotations[ocispec.AnnotationRefName])
	if err != nil {
		return // it has none
	}
	e.Annotations = map[string]string{archive.WholeName: name.String(), ocispec.AnnotationRefName: name.Tag}
}
