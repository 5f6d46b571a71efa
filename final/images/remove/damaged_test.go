package remove

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// damage has an image not be readable any more.
func damage(t *testing.T, s *image.Store, img image.Image) {
	t.Helper()
	if err := os.Remove(s.Path(img.ID())); err != nil {
		t.Fatal(err)
	}
}

// ids are those of all images that can be read.
func ids(t *testing.T, s *image.Store) (all []string) {
	t.Helper()
	c, _ := catalog.Read(s) // the others are not of interest
	for _, img := range c {
		all = append(all, img.ID().String())
	}
	return all
}

// TestDamagedName removes and names an image that cannot be read, while the id of another begins
// with its name.
func TestDamagedName(t *testing.T) {
	s := open(t, t.TempDir())
	good := add(t, s, []string{"good"}, "")
	name := good.ID().Encoded()[:4]
	damage(t, s, add(t, s, []string{"bad"}, name))
	says(t, "tag", catalog.Tag(s, name, "new"), "image "+name+":latest: blob")
	r, err := Image(s, name, Options{Users: by()})
	if diff := cmp.Diff([]string{name + ":latest"}, r.Untagged); diff != "" || err != nil {
		t.Errorf("untagged (-want +got): %v\n%s", err, diff)
	}
	if diff := cmp.Diff([]string{good.ID().String()}, ids(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestReadable does not take an image for damaged because another is, or because it was: containers
// are asked about it.
func TestReadable(t *testing.T) {
	s := open(t, t.TempDir())
	good := add(t, s, []string{"good"}, "")
	damage(t, s, add(t, s, []string{"bad"}, "bad"))
	user := catalog.User{Container: "0123456789abcdef", Image: good.ID(), Layers: good.ChainIDs(), Running: true}
	_, err := Image(s, good.Descriptor.Digest.String(), Options{Users: by(user)})
	says(t, "rmi by the manifest's digest", err, "No such image")
	_, err = unreadable(s, good.Descriptor.Digest.String())
	says(t, "an image that can be read by now", err, "No such image")
	if diff := cmp.Diff([]string{good.ID().String()}, ids(t, s)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// TestForeignName removes what cannot be read under the names that others have given, which are none
// of Docker's.
func TestForeignName(t *testing.T) {
	for _, name := range []string{"Weird", "docker.io/library/busybox:latest", "docker.io/localhost/x"} {
		s := open(t, t.TempDir())
		bad := add(t, s, []string{"bad"}, "bad")
		damage(t, s, bad)
		err := s.Update(func(all []ocispec.Descriptor) []ocispec.Descriptor { return image.Tagged(nil, bad.Descriptor, name) })
		if err != nil {
			t.Fatal(err)
		}
		r, err := Image(s, name, Options{Users: by()})
		if diff := cmp.Diff([]string{name}, r.Untagged); diff != "" || err != nil {
			t.Errorf("untagged (-want +got): %v\n%s", err, diff)
		}
	}
}
