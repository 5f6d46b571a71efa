package dockerarchive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/platform"
	"drydock/final/transfer/testimage"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// A file is an entry of an archive that a test makes.
type file struct {
	name, text string
	link       string // if set, it is a symbolic link
	kind       byte
}

func pack(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := tar.NewWriter(&out)
	for _, f := range files {
		header := tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.text)), Typeflag: tar.TypeReg, Linkname: f.link}
		if f.link != "" {
			header.Typeflag = tar.TypeSymlink
		}
		if f.kind != 0 {
			header.Typeflag = f.kind
		}
		must(t, archive.WriteHeader(&header))
		_, err := io.WriteString(archive, f.text)
		must(t, err)
	}
	must(t, archive.Close())
	return out.Bytes()
}

// config is a config of layers' tar files, and its name in archives of Docker up to 24.
func config(t testing.TB, layers ...string) (text, name string) {
	t.Helper()
	c := ocispec.Image{Platform: testimage.Here(), RootFS: ocispec.RootFS{Type: "layers"}}
	for _, layer := range layers {
		c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, digest.FromString(layer))
	}
	raw, err := json.Marshal(c)
	must(t, err)
	return string(raw), digest.FromBytes(raw).Encoded() + ".json"
}

func list(t testing.TB, items ...item) file {
	t.Helper()
	raw, err := json.Marshal(items)
	must(t, err)
	return file{name: manifestFile, text: string(raw)}
}

// gzipped is a text compressed.
func gzipped(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := layer.Compress(&out)
	_, err := io.WriteString(w, text)
	must(t, errors.Join(err, w.Close()))
	return out.String()
}

// TestOld loads what Docker up to 24 writes: a layer that is there already is a link. The list
// may come first or last.
func TestOld(t *testing.T) {
	one, oneName := config(t, "one", "two")
	two, twoName := config(t, "one")
	files := []file{
		{name: "aaa/", kind: tar.TypeDir},
		{name: "aaa/VERSION", text: "1.0"},
		{name: "aaa/json", text: "{}"},
		{name: "aaa/layer.tar", text: "one"},
		{name: "bbb/layer.tar", text: "two"},
		{name: "ccc/layer.tar", link: "../aaa/layer.tar"},
		{name: oneName, text: one},
		{name: twoName, text: two},
		list(t, item{oneName, []string{"box:latest", "docker.io/library/box:2"}, []string{"aaa/layer.tar", "bbb/layer.tar"}}, item{twoName, nil, []string{"ccc/layer.tar"}}),
		{name: "repositories", text: "{}"},
	}
	for _, archive := range [][]byte{
		pack(t, files...),
		[]byte(gzipped(t, string(pack(t, append([]file{files[8]}, append(files[:8:8], files[9])...)...)))),
	} {
		s := testimage.Store(t, "")
		loaded, err := Load(s, bytes.NewReader(archive), Options{Apply: testimage.Apply})
		must(t, err)
		var got []string
		for _, img := range loaded {
			got = append(got, strings.Join(img.Names, "")+" "+img.ID().Encoded()+".json")
		}
		if d := cmp.Diff([]string{"box:latest " + oneName, "box:2 " + oneName, " " + twoName}, got); d != "" {
			t.Error(d)
		}
		img, err := s.Find("box:2")
		must(t, err)
		if d := cmp.Diff([]digest.Digest{digest.FromString("one"), digest.FromString("two")}, img.Config.RootFS.DiffIDs); d != "" {
			t.Error(d)
		}
		if img.Manifest.Layers[0].Digest != img.Config.RootFS.DiffIDs[0] || img.Manifest.Layers[0].MediaType != ocispec.MediaTypeImageLayer {
			t.Errorf("the layer is not stored as it is: %+v", img.Manifest.Layers[0])
		}
		if blobs := testimage.Left(t, s, "images/blobs/sha256"); len(blobs) != 6 { // 2 layers, 2 configs, 2 manifests
			t.Error(blobs)
		}
		if drafts := testimage.Left(t, s, "drafts"); drafts != nil {
			t.Error(drafts)
		}
	}
}

// TestCompressed loads layers that are compressed, under any names, as other tools write them.
func TestCompressed(t *testing.T) {
	text, name := config(t, "one")
	for _, names := range [][2]string{{"sha256:" + strings.TrimSuffix(name, ".json"), "x.tar.gz"}, {"some/config", "y"}} {
		s := testimage.Store(t, "")
		loaded, err := Load(s, bytes.NewReader(pack(t, file{name: names[0], text: text}, file{name: names[1], text: gzipped(t, "one")}, list(t, item{names[0], []string{"box"}, []string{names[1]}}))), Options{Apply: testimage.Apply})
		must(t, err)
		if layer := loaded[0].Manifest.Layers[0]; layer.MediaType != ocispec.MediaTypeImageLayerGzip || layer.Digest == digest.FromString("one") {
			t.Errorf("%+v", layer)
		}
	}
}

// TestRoundTrip saves and loads: the same images, and the same archive of them again.
func TestRoundTrip(t *testing.T) {
	s, other := testimage.Store(t, ""), testimage.Store(t, "")
	web, db := testimage.Add(t, s, "web", "one", "two"), testimage.Add(t, s, "localhost:5000/db:1", "one")
	must(t, s.Tag(web.Descriptor, "web:2"))
	web.Names = []string{"web:latest", "web:2"}
	nameless := testimage.Add(t, s, "", "three")
	refs := []string{"web", "localhost:5000/db:1", nameless.ShortID()}
	var archive, again, byID bytes.Buffer
	must(t, Save(s, &archive, refs))
	loaded, err := Load(other, bytes.NewReader(archive.Bytes()), Options{Apply: testimage.Apply})
	must(t, err)
	var got []string
	for _, img := range loaded {
		got = append(got, strings.Join(img.Names, ""))
	}
	if d := cmp.Diff([]string{"web:latest", "web:2", "localhost:5000/db:1", ""}, got); d != "" {
		t.Error(d)
	}
	for _, want := range []image.Image{web, db, nameless} {
		img, err := other.Find(want.ID().String())
		if d := cmp.Diff(want, img); d != "" || err != nil {
			t.Error(err, d)
		}
	}
	must(t, Save(other, &again, []string{nameless.ID().String(), "localhost:5000/db", "web"}))
	if !bytes.Equal(archive.Bytes(), again.Bytes()) {
		t.Error("an archive of what was loaded differs")
	}
	must(t, Save(s, &byID, []string{db.ShortID()}))
	if loaded, err = Load(testimage.Store(t, ""), &byID, Options{Apply: testimage.Apply}); err != nil || len(loaded) != 1 || loaded[0].Names != nil {
		t.Errorf("by its id, an image has no name: %v, %v", loaded, err)
	}
	says(t, Save(s, io.Discard, []string{"none"}), "no such image: none:latest")
	says(t, Save(s, io.Discard, []string{"web:3"}), "no such image: web:3")
}

// TestSavedAsDocker compares the two lists of an archive with what docker 29 save writes.
func TestSavedAsDocker(t *testing.T) {
	s := testimage.Store(t, "")
	img := testimage.Add(t, s, "localhost:5000/a/box", "one")
	must(t, s.Tag(img.Descriptor, "localhost:5000/a/box:two"))
	var out bytes.Buffer
	must(t, Save(s, &out, []string{"localhost:5000/a/box"}))
	documents := map[string]string{}
	var names []string
	for archive := tar.NewReader(&out); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		text, err := io.ReadAll(archive)
		must(t, err)
		documents[header.Name] = string(text)
		names = append(names, header.Name)
	}
	entry := func(tag string) string {
		return fmt.Sprintf(`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%d,"annotations":{"io.containerd.image.name":"localhost:5000/a/box:%s","org.opencontainers.image.ref.name":"%s"}}`, img.Descriptor.Digest, img.Descriptor.Size, tag, tag)
	}
	want := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[` + entry("two") + "," + entry("latest") + `]}`
	if d := cmp.Diff(want, documents["index.json"]); d != "" {
		t.Error(d)
	}
	want = fmt.Sprintf(`[{"Config":"blobs/sha256/%s","RepoTags":["localhost:5000/a/box:latest","localhost:5000/a/box:two"],"Layers":["blobs/sha256/%s"]}]`, img.ID().Encoded(), digest.FromString("one").Encoded())
	if d := cmp.Diff(want, documents["manifest.json"]); d != "" {
		t.Error(d)
	}
	if len(names) != 6 {
		t.Error(names)
	}
}

// TestPlatform has an index in the index, of which only one image came along.
func TestPlatform(t *testing.T) {
	text, _ := config(t, "one")
	text = strings.Replace(text, testimage.Here().Architecture, "s390x", 1)
	blob := func(text string) file {
		return file{name: "blobs/sha256/" + digest.FromString(text).Encoded(), text: text}
	}
	desc := func(mediaType, text string) ocispec.Descriptor {
		return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromString(text), Size: int64(len(text))}
	}
	encode := func(value any) string {
		raw, err := json.Marshal(value)
		must(t, err)
		return string(raw)
	}
	manifest := encode(ocispec.Manifest{Config: desc(ocispec.MediaTypeImageConfig, text), Layers: []ocispec.Descriptor{desc(ocispec.MediaTypeImageLayer, "one")}})
	foreign, absent := desc(ocispec.MediaTypeImageManifest, manifest), desc(ocispec.MediaTypeImageManifest, "absent")
	foreign.Platform, absent.Platform = &ocispec.Platform{OS: "linux", Architecture: "s390x"}, &ocispec.Platform{OS: "linux", Architecture: "riscv64"}
	inner := encode(image.Index([]ocispec.Descriptor{{Digest: "x"}, absent, foreign}))
	outer := desc(ocispec.MediaTypeImageIndex, inner)
	outer.Annotations = map[string]string{ocispec.AnnotationRefName: "box:1"}
	archive := pack(t, blob(text), blob("one"), blob(manifest), blob(inner),
		file{name: "index.json", text: encode(image.Index([]ocispec.Descriptor{outer}))}, file{name: "oci-layout", text: `{"imageLayoutVersion":"1.0.0"}`})
	for asked, want := range map[string]string{"": "", "linux/s390x": "", "linux/arm64": "no matching manifest for linux/arm64", "linux/riscv64": "no such file", "a/b/c/d": "invalid platform"} {
		loaded, err := Load(testimage.Store(t, ""), bytes.NewReader(archive), Options{Platform: asked, Apply: testimage.Apply})
		if want != "" {
			says(t, err, want)
		} else if err != nil || len(loaded) != 1 || loaded[0].Names[0] != "box:1" {
			t.Errorf("%q: %v, %v", asked, loaded, err)
		}
	}
	s := testimage.Store(t, "")
	img := testimage.Add(t, s, "box", "one")
	var out bytes.Buffer
	must(t, Save(s, &out, []string{"box"}))
	_, err := Load(testimage.Store(t, ""), &out, Options{Platform: "linux/s390x", Apply: testimage.Apply})
	says(t, err, "the archive has an image for "+platform.Of(img.Config.Platform).String()+", not for linux/s390x")
}

// hostile is what an enemy could send, by what we say of it.
func hostile(t testing.TB) map[string][]file {
	t.Helper()
	text, name := config(t, "one")
	other, _ := config(t, "two")
	good := []file{{name: name, text: text}, {name: "l", text: "one"}}
	with := func(it item, more ...file) []file { return append(append(more, good...), list(t, it)) }
	zero := strings.Repeat("0", 64)
	return map[string][]file{
		"leads out of the archive":            with(item{name, nil, []string{"l"}}, file{name: "../x", text: "x"}),
		`"/x": leads out of the archive`:      with(item{name, nil, []string{"l"}}, file{name: "/x", text: "x"}),
		`"x": is not a plain file`:            with(item{name, nil, []string{"x"}}, file{name: "x", link: "/etc/passwd"}),
		`"y": is not a plain file`:            with(item{name, nil, []string{"l"}}, file{name: "y", kind: tar.TypeFifo}),
		`"../../etc/passwd" is missing`:       with(item{name, nil, []string{"../../etc/passwd"}}),
		`"../../../etc/passwd" is missing`:    with(item{name, nil, []string{"a/layer.tar"}}, file{name: "a/layer.tar", link: "../../../../etc/passwd"}),
		`"b/layer.tar" is missing`:            with(item{name, nil, []string{"b/layer.tar"}}, file{name: "b/layer.tar", link: "layer.tar"}),
		"is in the archive twice":             with(item{name, nil, []string{"l"}}, file{name: "./l", text: "one"}),
		`"manifest.json": is in the archive`:  append(with(item{name, nil, []string{"l"}}), list(t)),
		"more than the 4194304 of a":          {{name: manifestFile, text: strings.Repeat(" ", 4<<20+1)}},
		"what came has the digest":            with(item{name, nil, []string{"l"}}, file{name: "blobs/sha256/" + zero, text: "x"}),
		`"` + zero + `.json" has the digest`:  with(item{zero + ".json", nil, []string{"l"}}, file{name: zero + ".json", text: "{}"}),
		"its tar file has the digest":         with(item{"c", nil, []string{"l"}}, file{name: "c", text: other}),
		`lists 1 layers, and manifest.json 2`: with(item{name, nil, []string{"l", "l"}}),
		"invalid reference format":            with(item{name, []string{"a:b:c"}, []string{"l"}}),
		`is the name of another image`:        with(item{name, []string{"docker.io/ghcr.io/a"}, []string{"l"}}),
		"has a digest":                        with(item{name, []string{"a@sha256:" + zero}, []string{"l"}}),
		"unrecognized image format":           good,
		"manifest.json: ":                     append(good, file{name: manifestFile, text: "{"}),
		"oci-layout is missing":               {{name: ocispec.ImageIndexFile, text: "{}"}},
		"unknown version":                     {{name: ocispec.ImageIndexFile, text: "{}"}, {name: ocispec.ImageLayoutFile, text: "{}"}},
		"gzip":                                with(item{name, nil, []string{"z"}}, file{name: "z", text: "\x1f\x8bzzzzzzzzzz"}),
	}
}

// TestHostile loads it: nothing of it stays.
func TestHostile(t *testing.T) {
	s := testimage.Store(t, "")
	for words, files := range hostile(t) {
		_, err := Load(s, bytes.NewReader(pack(t, files...)), Options{Apply: testimage.Apply})
		says(t, err, "load: ", words)
		if left := testimage.Left(t, s, "images/blobs/sha256", "drafts", "layers"); left != nil {
			t.Errorf("%s: left are %v", words, left)
		}
	}
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Errorf("%v: %v", all, err)
	}
}

// TestNames: a name in an index that is none of ours is none.
func TestNames(t *testing.T) {
	from := testimage.Store(t, "")
	testimage.Add(t, from, "box", "one")
	var saved bytes.Buffer
	must(t, Save(from, &saved, []string{"box"}))
	for was, want := range map[string]string{"docker.io/library/box:latest": "box:latest", "docker.io/library/box:la+est": "", "docker.io/library/box:other6": "box:other6"} {
		changed := bytes.ReplaceAll(saved.Bytes(), []byte(`name":"docker.io/library/box:latest"`), []byte(`name":"`+was+`"`))
		loaded, err := Load(testimage.Store(t, ""), bytes.NewReader(changed), Options{Apply: testimage.Apply})
		if err != nil || strings.Join(loaded[0].Names, " ") != want {
			t.Errorf("%s: %v, %v", was, loaded, err)
		}
	}
}

// TestOtherLayer: what the config of an OCI archive says of its layer is to be true.
func TestOtherLayer(t *testing.T) {
	from, s := testimage.Store(t, ""), testimage.Store(t, "")
	good := testimage.Add(t, from, "box", "one")
	evil, err := from.Put(ocispec.MediaTypeImageLayer, strings.NewReader("evil"), "")
	must(t, err)
	_, err = from.Add(good.Config, []ocispec.Descriptor{evil}, "box")
	must(t, err)
	var archive bytes.Buffer
	must(t, Save(from, &archive, []string{"box"}))
	_, err = Load(s, &archive, Options{Apply: testimage.Apply})
	says(t, err, "its tar file has the digest "+evil.Digest.String())
	if left := testimage.Left(t, s, "images/blobs/sha256", "drafts"); left != nil {
		t.Error(left)
	}
}

// TestTruncated cuts an archive at every 512 bytes.
func TestTruncated(t *testing.T) {
	text, name := config(t, "one")
	archive := pack(t, file{name: name, text: text}, file{name: "l", text: "one"}, list(t, item{name, []string{"box"}, []string{"l"}}))
	s := testimage.Store(t, "")
	for n := 0; n < len(archive)-1024; n += 512 {
		if _, err := Load(s, bytes.NewReader(archive[:n]), Options{Apply: testimage.Apply}); err == nil {
			t.Errorf("%d of %d bytes are enough", n, len(archive))
		}
		if left := testimage.Left(t, s, "images/blobs/sha256", "drafts"); left != nil {
			t.Fatalf("%d bytes left %v", n, left)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, files := range hostile(f) {
		if archive := pack(f, files...); len(archive) < 1<<20 {
			f.Add(archive)
		}
	}
	text, name := config(f, "one")
	f.Add(pack(f, file{name: name, text: text}, file{name: "a/layer.tar", text: "one"}, file{name: "b/layer.tar", link: "../a/layer.tar"}, list(f, item{name, []string{"box"}, []string{"b/layer.tar"}})))
	f.Fuzz(func(t *testing.T, archive []byte) {
		s := testimage.Store(t, "")
		_, err := Load(s, bytes.NewReader(archive), Options{Apply: testimage.Apply})
		if left := testimage.Left(t, s, "drafts"); left != nil || err != nil && testimage.Left(t, s, "images/blobs/sha256") != nil {
			t.Error(left, err)
		}
		if _, damaged := s.List(); damaged != nil {
			t.Error(damaged)
		}
	})
}

// BenchmarkLoad loads 64 MB of a layer as it is, and the same compressed.
func BenchmarkLoad(b *testing.B) {
	random := make([]byte, 32<<20)
	for i := range random {
		random[i] = byte(i * i >> 7)
	}
	plain := string(random) + strings.Repeat("some text ", 3<<20)
	text, name := config(b, plain)
	for kind, content := range map[string]string{"plain": plain, "gzip": gzipped(b, plain)} {
		archive := pack(b, file{name: name, text: text}, file{name: "l", text: content}, list(b, item{name, []string{"box"}, []string{"l"}}))
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			for b.Loop() {
				_, err := Load(testimage.Store(b, ""), bytes.NewReader(archive), Options{Apply: testimage.Apply})
				must(b, err)
			}
		})
	}
}
