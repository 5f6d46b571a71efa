package point

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/mounts"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// TestDeclared has places of images be anonymous volumes, whatever their names look like.
func TestDeclared(t *testing.T) {
	got, err := Points(nil, mounts.Given{}, []string{"rel", "secret:/got", "/dir:/x"})
	var want []Point
	for _, place := range []string{"/rel", "/dir:/x", "/secret:/got"} {
		m := volume.Mount{Mount: bind.Mount{Target: place}, Anonymous: true, Fill: true}
		want = append(want, Point{Mount: m, Type: mounts.Volume, Driver: "local"})
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	const said = `the image declares a volume: invalid specification: destination can't be '/'`
	if _, err := Points(nil, mounts.Given{}, []string{"../.."}); err == nil || err.Error() != said {
		t.Errorf("%v, want %s", err, said)
	}
}

// TestOrder has what lies in fewer directories mounted first: /a may be a link to /z.
func TestOrder(t *testing.T) {
	got, err := Points(nil, mounts.Given{Binds: []string{"data:/a/c"}, Tmpfs: map[string]string{"/z/": "", "/b/b/b": ""}}, nil)
	var order []string
	for _, p := range got {
		order = append(order, p.Target)
	}
	if diff := cmp.Diff([]string{"/z", "/a/c", "/b/b/b"}, order); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestTwoTmpfs refuses two for one place: the order of those is a map's.
func TestTwoTmpfs(t *testing.T) {
	_, err := Points(nil, mounts.Given{Tmpfs: map[string]string{"/x": "size=1m", "/x/": "size=2m"}}, nil)
	const want = "Duplicate mount point: /x: give another place to one of the two"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestInherit has a container get what another has, but for its --tmpfs, and not fill it again.
func TestInherit(t *testing.T) {
	theirs := []Point{
		{Type: mounts.Volume, Mode: "z", Mount: volume.Mount{Mount: bind.Mount{Target: "/x"}, Name: "data", Fill: true}},
		{Type: mounts.Tmpfs, Mount: volume.Mount{Mount: bind.Mount{Target: "/y"}}},
		{Type: mounts.Tmpfs, Mount: volume.Mount{Mount: bind.Mount{Target: "/z"}}, Flag: true},
	}
	of := func(string) ([]Point, error) { return theirs, nil }
	for mode, readOnly := range map[string]bool{"": false, ":rw": false, ":ro": true} {
		want := []Point{
			{Type: mounts.Volume, Mount: volume.Mount{Mount: bind.Mount{Target: "/x", ReadOnly: readOnly}, Name: "data"}},
			{Type: mounts.Tmpfs, Mount: volume.Mount{Mount: bind.Mount{Target: "/y", ReadOnly: readOnly}}},
		}
		got, err := Inherit("box"+mode, of)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", mode, err, diff)
		}
	}
}
