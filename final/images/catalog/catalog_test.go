package catalog

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
)

// add makes an image, whose config has a label, of a layer that is none, and gives it names.
func add(t *testing.T, s *image.Store, label string, second int64, mediaType string, names ...string) image.Image {
	t.Helper()
	layer, err := s.Put(mediaType, strings.NewReader("layer"), "")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Unix(second, 0).UTC()
	config := ocispec.Image{Created: &at, RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}}}
	config.Config.Labels = map[string]string{"is": label}
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest, Layers: []ocispec.Descriptor{layer}}
	if manifest.Config, err = s.PutJSON(ocispec.MediaTypeImageConfig, config); err != nil {
		t.Fatal(err)
	}
	desc, err := s.PutJSON(ocispec.MediaTypeImageManifest, manifest)
	if err != nil {
		t.Fatal(err)
	}
	img, err := image.Read(s.Layout, desc, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tag(desc, ""); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		tag := func(all []ocispec.Descriptor) []ocispec.Descriptor { return image.Tagged(all, img.Descriptor, name) }
		if err := s.Update(tag); err != nil {
			t.Fatal(err)
		}
	}
	return img
}

func open(t *testing.T) *image.Store {
	t.Helper()
	s, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestRead has one image of two manifests, with names of all kinds.
func TestRead(t *testing.T) {
	s := open(t)
	at := "box@sha256:" + strings.Repeat("0", 64)
	one := add(t, s, "one", 1, ocispec.MediaTypeImageLayer, "box:latest", "host:80/box:1", at)
	same := add(t, s, "one", 1, ocispec.MediaTypeImageLayerGzip, "zoo/box:2")
	two := add(t, s, "two", 2, ocispec.MediaTypeImageLayer)
	if one.ID() != same.ID() || one.Descriptor.Digest == same.Descriptor.Digest {
		t.Fatalf("they are not what they should be: %v, %v", one, same)
	}
	c, err := Read(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(c) != 2 || c[0].ID() != two.ID() || len(c[0].Tags)+len(c[0].Digests) != 0 || len(c[1].Manifests) != 2 {
		t.Fatalf("the catalog is %+v", c)
	}
	if diff := cmp.Diff([]string{"box:latest", "zoo/box:2", "host:80/box:1"}, c[1].Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{at}, c[1].Digests); diff != "" {
		t.Errorf("digests (-want +got):\n%s", diff)
	}
}

// TestFind has what the recorded Docker (in final/images) does not: digests, and ids that could be
// names.
func TestFind(t *testing.T) {
	s := open(t)
	at := "box@sha256:" + strings.Repeat("0", 64)
	one := add(t, s, "one", 1, ocispec.MediaTypeImageLayer, "box:latest", at)
	begin := one.ID().Encoded()[:4]
	two := add(t, s, "two", 2, ocispec.MediaTypeImageLayer, begin+":latest")
	c, err := Read(s)
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]digest.Digest{
		"box:other@sha256:" + strings.Repeat("0", 64): one.ID(), // the digest says all
		at:                           one.ID(),
		begin:                        two.ID(), // a name comes first
		"sha256:" + begin:            one.ID(), // which no name can be
		one.ID().Encoded():           one.ID(),
		"docker.io/library/" + begin: two.ID(),
	} {
		if got, err := c.Find(ref, nil); err != nil || got.ID() != want {
			t.Errorf("%s is %s, %v, want %s", ref, got.ID(), err, want)
		}
	}
	damaged := errors.New("another is damaged")
	if _, err := c.Find("none", damaged); !errors.As(err, new(NotFound)) || !errors.Is(err, damaged) {
		t.Errorf("the error is %v", err)
	}
	if _, err := c.Find("", nil); err == nil || err.Error() != "invalid reference format" {
		t.Errorf("without a name: %v", err)
	}
	var all Catalog
	all = append(append(all, c...), c[0])
	all[2].Manifest.Config.Digest = one.ID()[:len(one.ID())-1] + "x"
	if _, err := all.Find("sha256:"+begin, nil); err == nil || !strings.HasSuffix(err.Error(), "is the beginning of 2 image ids: give more of it") {
		t.Errorf("the beginning of two: %v", err)
	}
}

// TestTagMoves takes a name from an image, which stays without one.
func TestTagMoves(t *testing.T) {
	s := open(t)
	one := add(t, s, "one", 1, ocispec.MediaTypeImageLayer, "box:latest")
	two := add(t, s, "two", 2, ocispec.MediaTypeImageLayer)
	if err := Tag(s, two.ID().String(), "docker.io/library/box"); err != nil {
		t.Fatal(err)
	}
	c, err := Read(s)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Find("box", nil); err != nil || got.ID() != two.ID() {
		t.Errorf("the name is of %v, %v", got, err)
	}
	if got, err := c.Find(one.ID().String(), nil); err != nil || len(got.Tags) > 0 {
		t.Errorf("who has had it is %v, %v", got, err)
	}
}

// TestTagAnother refuses a name that would be read as another one later.
func TestTagAnother(t *testing.T) {
	s := open(t)
	one := add(t, s, "one", 1, ocispec.MediaTypeImageLayer, "ghcr.io/x:latest")
	add(t, s, "two", 2, ocispec.MediaTypeImageLayer, "two:latest")
	err := Tag(s, "two", "docker.io/ghcr.io/x")
	want := "docker.io/ghcr.io/x:latest is stored as ghcr.io/x:latest, which is the name of another image: take another name"
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	c, err := Read(s)
	if got, findErr := c.Find("ghcr.io/x", err); findErr != nil || got.ID() != one.ID() {
		t.Errorf("the name is of %s, %v", got.ID(), findErr)
	}
}

// TestDamaged lists the others.
func TestDamaged(t *testing.T) {
	s := open(t)
	one := add(t, s, "one", 1, ocispec.MediaTypeImageLayer, "one:latest")
	two := add(t, s, "two", 2, ocispec.MediaTypeImageLayer, "two:latest")
	if err := os.Remove(s.Path(two.ID())); err != nil {
		t.Fatal(err)
	}
	c, err := Read(s)
	if err == nil || !strings.Contains(err.Error(), "two:latest") || len(c) != 1 || c[0].ID() != one.ID() {
		t.Errorf("%v, %v", c, err)
	}
}
