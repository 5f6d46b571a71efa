package show

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/filter"
	"drydock/final/images/catalog"
	"drydock/final/images/size"
	"drydock/stage4-images/image"
)

// The recorded Docker, in final/images, has the rest: it gives no digests to what it has not
// pulled, and does not load what is wrong.

// TestDigests lists an image with names of both kinds.
func TestDigests(t *testing.T) {
	s, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	x, y := "sha256:"+strings.Repeat("a", 64), "sha256:"+strings.Repeat("b", 64)
	img := catalog.Image{Tags: []string{"box:1", "box:2", "zoo:1"}, Digests: []string{"box@" + x, "box@" + y, "host:80/cab@" + x, "host:80/cab@" + y}}
	for _, c := range []struct {
		name    string
		format  string
		digests bool
		want    []string // repository, tag, digest
	}{
		{"", "", false, []string{"box 1 <none>", "box 2 <none>", "zoo 1 <none>", "host:80/cab <none> "}},
		{"", "", true, []string{
			"box 1 " + x, "box 1 " + y, "box 2 " + x, "box 2 " + y, "zoo 1 <none>", "host:80/cab <none> " + x, "host:80/cab <none> " + y,
		}},
		{"host:80/cab", "{{.Digest}}", false, []string{"host:80/cab <none> "}}, // as with Docker
		{"zoo", "{{.Digest}}", false, []string{"zoo 1 <none>"}},
		{"box:2", "{{.Digest}}", false, []string{"box 2 <none>"}},
		{"box", "{{.Digest}}", false, []string{"box 1 " + x, "box 1 " + y, "box 2 " + x, "box 2 " + y}},
	} {
		l, _, err := Listing{Name: c.name, All: true, Digests: c.digests, Filters: filter.Set{}}.As(c.format, false)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := List(s, catalog.Catalog{img}, l)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows {
			got = append(got, row.Repository+" "+row.Tag+" "+row.Digest)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q %q (-want +got):\n%s", c.name, c.format, diff)
		}
	}
}

// TestDamaged lists an image of which a layer is gone: without a size, and the error says why. Who
// wants only ids is not told.
func TestDamaged(t *testing.T) {
	s, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var img catalog.Image
	img.Config.RootFS.DiffIDs = []digest.Digest{digest.FromString("tar")}
	img.Manifest.Layers = []ocispec.Descriptor{{Digest: digest.FromString("blob")}}
	img.Tags = []string{"box:1"}
	for _, quiet := range []bool{false, true} {
		l, _, err := Listing{}.As("", quiet)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := List(s, catalog.Catalog{img}, l)
		if len(rows) != 1 || rows[0].Size != "N/A" || (err == nil) != quiet {
			t.Errorf("quiet %v: %+v, %v", quiet, rows, err)
		}
	}
}

// TestHistoryTooLong has a history of more layers than there are, and one of fewer.
func TestHistoryTooLong(t *testing.T) {
	var img catalog.Image
	diffID := digest.FromString("layer")
	img.Config.RootFS.DiffIDs = []digest.Digest{diffID}
	img.Config.History = []ocispec.History{{CreatedBy: "one"}, {CreatedBy: "two"}}
	if _, err := History(img, size.Sizes{diffID: 1}, Telling{Now: time.Now()}); err == nil || err.Error() != "too many non-empty layers in History section" {
		t.Errorf("the error is %v", err)
	}
	img.Config.History = nil
	if steps, err := History(img, nil, Telling{}); err != nil || len(steps) > 0 {
		t.Errorf("%v, %v", steps, err)
	}
}
