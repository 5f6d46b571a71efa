package volume

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/stage5-volumes/bind"
)

// recorded is what a real Docker says; testdata/record.sh makes it.
//
//go:embed testdata/recorded.txt
var recorded string

// elsewhere are the arguments that Docker takes and this stage does not, or takes as something
// else, each with the reason.
var elsewhere = map[string]string{
	"aa:/x:ro,z":   "z is for drydock",
	"aa:/x:nocopy": "so is nocopy",
	"aa:/x:z":      "and z alone",
	"aa:/x:cached": "and what macOS wants",
}

// TestAsDocker gives Parse what was given to a Docker. What that refuses is refused, with the
// last part of its error in ours.
func TestAsDocker(t *testing.T) {
	count := 0
	for line := range strings.Lines(recorded) {
		spec, said, isCase := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !isCase || elsewhere[spec] != "" {
			continue
		}
		count++
		_, err := Parse(spec)
		said = strings.TrimSuffix(said, ".")
		last := said[strings.LastIndex(said, ": ")+1:]
		switch {
		case said == "ok" && err != nil:
			t.Errorf("-v %q: %v, and Docker takes it", spec, err)
		case said != "ok" && err == nil:
			t.Errorf("-v %q is taken, and Docker says %s", spec, said)
		case said != "ok" && !strings.Contains(err.Error(), strings.TrimSpace(last)):
			t.Errorf("-v %q: %v, and Docker says %s", spec, err, said)
		}
	}
	if count < 30 {
		t.Errorf("%d cases were recorded, want 30 at least", count)
	}
}

// given is a mount with a name or a source.
func given(name, source, target string) Mount {
	return Mount{Mount: bind.Mount{Source: source, Target: target}, Name: name, Fill: name != ""}
}

func anonymous(target string) Mount {
	return Mount{Mount: bind.Mount{Target: target}, Anonymous: true, Fill: true}
}

func TestParse(t *testing.T) {
	here := t.TempDir()
	t.Chdir(here)
	ro := given("", "/a", "/b")
	ro.ReadOnly = true
	for _, test := range []struct {
		spec string
		want Mount
		err  string
	}{
		{spec: "/a:/b", want: given("", "/a", "/b")},
		{spec: "/a/../c/:/b/./d/", want: given("", "/c", "/b/d")},
		{spec: "./a:/b", want: given("", here+"/a", "/b")},
		{spec: "/a:/b:ro", want: ro},
		{spec: "/a:/b:rw", want: given("", "/a", "/b")},
		{spec: "data:/b", want: given("data", "", "/b")},
		{spec: "/b", want: anonymous("/b")},
		{spec: "b", err: "invalid volume specification: 'b': invalid mount path: 'b' mount path must be absolute"},
		{spec: "data:/b:Z", err: "invalid volume specification: 'data:/b:Z': this stage has the modes ro and rw: Z is for drydock"},
		{spec: "/a\xff:/b", err: "invalid volume specification: '/a\xff:/b': a path that is not UTF-8 would be another one in the container's record: rename it"},
		{spec: "/b\xff", err: "invalid volume specification: '/b\xff': a path that is not UTF-8 would be another one in the container's record: rename it"},
		{spec: "d:/b", err: "invalid volume specification: 'd:/b': create d: volume name is too short, names should be at least two alphanumeric characters"},
	} {
		got, err := Parse(test.spec)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%s: %v, want %s", test.spec, err, test.err)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", test.spec, err, diff)
		}
	}
}

func TestDuplicates(t *testing.T) {
	for _, test := range []struct {
		specs []string
		err   string
	}{
		{specs: []string{"/x", "/x", "data:/x", "/x"}},
		{specs: []string{"data:/x", "/host:/x/"}, err: "Duplicate mount point: /x: give another place to one of the two"},
	} {
		_, err := Values{Volumes: test.specs}.Mounts()
		if (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
			t.Errorf("%v: %v, want %s", test.specs, err, test.err)
		}
	}
}

// TestMerge has one mount a place, the more particular one, and none before what it lies on.
func TestMerge(t *testing.T) {
	inherited := []Mount{given("early", "", "/x"), given("late", "", "/x"), given("theirs", "", "/image"), given("other", "", "/given")}
	mounts := []Mount{given("mine", "", "/given"), anonymous("/x"), given("deep", "", "/a/b/c"), given("up", "", "/a"), anonymous("/z")}
	got, err := Merge(inherited, mounts, []string{"/image", "/z", "own/"})
	want := []Mount{
		given("up", "", "/a"), given("mine", "", "/given"), given("theirs", "", "/image"), anonymous("/own"),
		given("late", "", "/x"), anonymous("/z"), given("deep", "", "/a/b/c"),
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := Merge(nil, nil, []string{"../.."}); err == nil {
		t.Error("an image may have a volume on the root directory")
	}
}

func TestInherit(t *testing.T) {
	of := func(string) ([]Mount, error) { return []Mount{given("data", "", "/x")}, nil }
	plain := given("data", "", "/x")
	plain.Fill = false
	ro := plain
	ro.ReadOnly = true
	for _, test := range []struct {
		spec string
		want Mount
		err  string
	}{
		{spec: "box", want: plain},
		{spec: "box:", want: plain},
		{spec: "box:rw", want: plain},
		{spec: "box:ro", want: ro},
		{spec: "", err: "volumes-from specification cannot be an empty string: give CONTAINER[:ro]"},
		{spec: "box:rx", err: "--volumes-from box:rx: invalid mode: rx: give ro or rw"},
	} {
		got, err := Inherit(test.spec, of)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%s: %v, want %s", test.spec, err, test.err)
			}
			continue
		}
		if diff := cmp.Diff([]Mount{test.want}, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", test.spec, err, diff)
		}
	}
}
