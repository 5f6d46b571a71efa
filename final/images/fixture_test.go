package images_test

import (
	"archive/tar"
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/archive"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// The images that the recorded Docker had, and that ours gets: testdata/images.tar. They are
// small, always the same, and differ in all that is shown of an image.

var update = flag.Bool("update", false, "write testdata/images.tar anew")

const (
	baseHistory = `
		{"created":"2024-01-02T03:04:05.678Z","created_by":"ADD root.tar / # buildkit","comment":"buildkit.dockerfile.v0"},
		{"created":"2024-01-02T03:04:05.678Z","created_by":"ENV A=1","empty_layer":true},
		{"created":"2024-01-02T03:04:06Z","created_by":"RUN /bin/sh -c echo a\tvery long command that is cut in tables # buildkit"}`
	baseConfig = `{"created":"2024-01-02T03:04:06Z","author":"Ann","architecture":"amd64","os":"linux",
		"config":{"Env":["PATH=/bin","A=1"],"Cmd":["/bin/sh"],"Labels":{"kind":"base","owner":"ann"}},
		"rootfs":{"type":"layers","diff_ids":[%s]},"history":[` + baseHistory + `]}`
	appConfig = `{"created":"2024-02-03T04:05:06.000000007Z","architecture":"arm64","variant":"v8","os":"linux",
		"config":{"User":"1000","ExposedPorts":{"80/tcp":{}},"Env":["A=2"],"Entrypoint":["/app","--x <y>"],"Cmd":["z"],
			"Volumes":{"/data":{}},"WorkingDir":"/work","Labels":{"kind":"app"},"StopSignal":"SIGQUIT",
			"Healthcheck":{"Test":["CMD","/app","check"],"Interval":1000000000},"OnBuild":["RUN x"],"Shell":["/bin/sh","-c"]},
		"rootfs":{"type":"layers","diff_ids":[%s]},
		"history":[` + baseHistory + `,{"created":"2024-02-03T04:05:06Z","created_by":"COPY app / # buildkit","comment":"äöü ünï wide 世界 characters in a comment"}]}`
	bareConfig     = `{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[%s]}}`
	danglingConfig = `{"created":"2024-03-04T05:06:07Z","architecture":"amd64","os":"linux","config":{"Labels":{"kind":"none"}},
		"rootfs":{"type":"layers","diff_ids":[%s]},"history":[{"created":"2024-03-04T05:06:07Z","created_by":"nothing"}]}`
	// Two of these have ids that begin with the same four digits.
	twinConfig = `{"created":"2020-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{"Labels":{"twin":"%d"}},
		"rootfs":{"type":"layers","diff_ids":[%%s]},"history":[{"created":"2020-01-01T00:00:00Z"}]}`
)

var twins = [2]int{292, 294}

// A stored is a layer: its blob, and the digest of the tar file in it.
type stored struct {
	blob   ocispec.Descriptor
	diffID digest.Digest
}

// TestFixture proves that testdata/images.tar is what is described here.
func TestFixture(t *testing.T) {
	s := open(t)
	base := []stored{
		put(t, s, map[string]string{"bin/": "", "bin/a": strings.Repeat("a", 1_234_567), "bin/b": "->a", "etc/c": "c"}),
		put(t, s, map[string]string{"etc/": "", "etc/c": strings.Repeat("c", 7000)}),
	}
	app := append(base[:2:2], put(t, s, map[string]string{"app": strings.Repeat("app", 1_000_000), "etc/.wh.c": ""}))
	one := []stored{put(t, s, map[string]string{"one": "1"})}
	refs := []string{
		add(t, s, "base", baseConfig, base), add(t, s, "localhost:5000/team/app:v1", appConfig, app),
		add(t, s, "bare", bareConfig, one), add(t, s, "", danglingConfig, base[:1]),
		add(t, s, "twin:1", fmt.Sprintf(twinConfig, twins[0]), one), add(t, s, "twin:2", fmt.Sprintf(twinConfig, twins[1]), one),
	}
	var made bytes.Buffer
	if err := archive.Save(s, &made, refs); err != nil {
		t.Fatal(err)
	}
	const file = "testdata/images.tar"
	if *update {
		if err := os.WriteFile(file, made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || !bytes.Equal(kept, made.Bytes()) {
		t.Errorf("%s is not what is described here: go test -run TestFixture -update, and record.sh: %v", file, err)
	}
}

func open(t testing.TB) *image.Store {
	t.Helper()
	s, err := image.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stores a layer of files, in which a name that ends with / is a directory, and content
// that begins with -> a link.
func put(t testing.TB, s *image.Store, files map[string]string) stored {
	t.Helper()
	var plain, packed bytes.Buffer
	pack := layer.Compress(&packed)
	tape := tar.NewWriter(io.MultiWriter(&plain, pack))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		header := tar.Header{Name: name, Mode: 0o755, ModTime: time.Unix(1e9, 0)}
		if to, isLink := strings.CutPrefix(content, "->"); isLink {
			header.Typeflag, header.Linkname, content = tar.TypeSymlink, to, ""
		}
		header.Size = int64(len(content))
		if err := tape.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(tape, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tape.Close(), pack.Close()); err != nil {
		t.Fatal(err)
	}
	desc, err := s.Put(ocispec.MediaTypeImageLayerGzip, &packed, "")
	if err != nil {
		t.Fatal(err)
	}
	return stored{desc, digest.FromBytes(plain.Bytes())}
}

// add makes an image of layers and of the text of its config, in which these are missing, and
// returns its name, or else its id.
func add(t testing.TB, s *image.Store, name, config string, layers []stored) string {
	t.Helper()
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	var diffIDs []string
	for _, l := range layers {
		manifest.Layers, diffIDs = append(manifest.Layers, l.blob), append(diffIDs, fmt.Sprintf("%q", l.diffID))
	}
	text := fmt.Sprintf(config, strings.Join(diffIDs, ","))
	var err error
	if manifest.Config, err = s.Put(ocispec.MediaTypeImageConfig, strings.NewReader(text), ""); err != nil {
		t.Fatal(err)
	}
	desc, err := s.PutJSON(ocispec.MediaTypeImageManifest, manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tag(desc, name); err != nil {
		t.Fatal(err)
	}
	return cmp.Or(name, manifest.Config.Digest.String())
}

// TestTwins proves that the ids of two images begin with the same digits; it says which, if
// they do not.
func TestTwins(t *testing.T) {
	s := open(t)
	one, seen := []stored{put(t, s, map[string]string{"one": "1"})}, map[string]int{}
	for i := range 2000 {
		text := fmt.Sprintf(fmt.Sprintf(twinConfig, i), fmt.Sprintf("%q", one[0].diffID))
		begin := digest.FromString(text).Encoded()[:4]
		if j, found := seen[begin]; found {
			if got := [2]int{j, i}; got != twins {
				t.Errorf("the twins are %v, not %v", got, twins)
			}
			return
		}
		seen[begin] = i
	}
}
