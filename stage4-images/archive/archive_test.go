package archive

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
)

func open(t testing.TB, root string) *image.Store {
	t.Helper()
	s, err := image.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// add makes an image of layers, each of which has its content as the only file, made at some
// second.
func add(t testing.TB, s *image.Store, name string, second int64, layers ...string) image.Image {
	t.Helper()
	at := time.Unix(second, 0).UTC()
	config := ocispec.Image{Created: &at, RootFS: ocispec.RootFS{Type: "layers"}}
	var blobs []ocispec.Descriptor
	for _, layer := range layers {
		desc, err := s.Put(ocispec.MediaTypeImageLayer, strings.NewReader(layer), "")
		if err != nil {
			t.Fatal(err)
		}
		blobs, config.RootFS.DiffIDs = append(blobs, desc), append(config.RootFS.DiffIDs, desc.Digest)
	}
	img, err := s.Add(config, blobs, name)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// apply writes the layer, whatever it is, to one file.
func apply(blob io.Reader, dir string) (digest.Digest, error) {
	text, err := io.ReadAll(blob)
	return digest.FromBytes(text), errors.Join(err, os.WriteFile(filepath.Join(dir, "file"), text, 0o600))
}

// diff is of that file.
func diff(dir string) (digest.Digest, error) {
	text, err := os.ReadFile(filepath.Join(dir, "file"))
	return digest.FromBytes(text), err
}

// entries are the names in folders below the state root.
func entries(t testing.TB, s *image.Store, dirs ...string) (names []string) {
	t.Helper()
	for _, dir := range dirs {
		files, err := os.ReadDir(filepath.Join(filepath.Dir(s.Dir), dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := file.Name(); !strings.HasSuffix(name, "lock") {
				names = append(names, name)
			}
		}
	}
	return names
}

// says wants an error with some words.
func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

func save(t testing.TB, s *image.Store, refs ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Save(s, &out, refs); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSaveAndLoad(t *testing.T) {
	s, other := open(t, t.TempDir()), open(t, t.TempDir())
	web, db := add(t, s, "web", 1, "one", "two"), add(t, s, "db", 2, "one")
	archive := save(t, s, "web", "db:latest", web.ShortID())
	if !bytes.Equal(archive, save(t, s, "db", web.ShortID(), "web")) {
		t.Error("two archives of the same images differ")
	}
	if first, err := tar.NewReader(bytes.NewReader(archive)).Next(); err != nil || first.ModTime.Unix() != 0 {
		t.Errorf("%+v: %v", first, err)
	}
	got, err := Load(other, bytes.NewReader(archive), apply)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	for _, want := range []image.Image{web, db} {
		img, err := other.Find(want.Names[0])
		if d := cmp.Diff(want, img); d != "" || err != nil {
			t.Error(err, d)
		}
	}
	if !bytes.Equal(archive, save(t, other, "web", "db")) || entries(t, other, "drafts") != nil {
		t.Error("an archive of what was loaded differs, or something is left")
	}
	if problems := other.Fsck(apply, diff); problems != nil {
		t.Error(problems)
	}
	loaded, err := Load(open(t, t.TempDir()), bytes.NewReader(save(t, s, web.ShortID())), apply)
	if err != nil || len(loaded) != 1 || loaded[0].Names != nil {
		t.Errorf("by its id, an image has no name: %v, %v", loaded, err)
	}
	a, b := add(t, s, "", 3, "a"), add(t, s, "", 4, "b")
	if !bytes.Equal(save(t, s, a.ShortID(), b.ShortID()), save(t, s, b.ShortID(), a.ShortID())) {
		t.Error("the order of images without names matters")
	}
	says(t, Save(s, io.Discard, []string{"none"}), "no such image: none")
	if err := os.WriteFile(s.Path(db.Manifest.Layers[0].Digest), []byte("eno"), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, Save(s, io.Discard, []string{"db"}), "damaged")
}

// A file is an entry of an archive that a test makes.
type file struct {
	name, text string
	kind       byte
	pax        map[string]string
}

func blobFile(text string) file {
	return file{name: blobPrefix + digest.FromString(text).Encoded(), text: text}
}

func descriptor(mediaType, text string) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromString(text), Size: int64(len(text))}
}

func text(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func indexOf(entries ...ocispec.Descriptor) string { return text(image.Index(entries)) }

func pack(t testing.TB, files ...file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Size: int64(len(f.text)), Typeflag: f.kind, PAXRecords: f.pax}
		if f.kind == tar.TypeSymlink {
			header.Linkname = "/etc/passwd"
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// parts returns the documents of an image with one layer, changed.
func parts(change func(*ocispec.Manifest, *ocispec.Image)) (manifest, config string) {
	c := ocispec.Image{RootFS: ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{digest.FromString("one")}}}
	m := ocispec.Manifest{Layers: []ocispec.Descriptor{descriptor(ocispec.MediaTypeImageLayer, "one")}}
	change(&m, &c)
	config = text(c)
	if m.Config.Digest == "" {
		m.Config = descriptor(ocispec.MediaTypeImageConfig, config)
	}
	return text(m), config
}

// hostile are archives, and what the error about each has to say.
func hostile() map[string][]file {
	version := file{name: "oci-layout", text: `{"imageLayoutVersion":"1.0.0"}`}
	all := map[string][]file{}
	with := func(says string, change func(*ocispec.Manifest, *ocispec.Image)) {
		manifest, config := parts(change)
		all[says] = []file{version, {name: "index.json", text: indexOf(descriptor(ocispec.MediaTypeImageManifest, manifest))}, blobFile(manifest), blobFile(config), blobFile("one")}
	}
	with("its manifest has 1 layers, its config 0", func(_ *ocispec.Manifest, c *ocispec.Image) { c.RootFS.DiffIDs = nil })
	with(`digest "sha256:../../x"`, func(_ *ocispec.Manifest, c *ocispec.Image) { c.RootFS.DiffIDs[0] = "sha256:../../x" })
	with(`digest "x"`, func(m *ocispec.Manifest, _ *ocispec.Image) { m.Layers[0].Digest = "x" })
	with(`unknown media type "text/plain"`, func(m *ocispec.Manifest, _ *ocispec.Image) { m.Layers[0].MediaType = "text/plain" })
	with("has 3 bytes, and its descriptor says 2", func(m *ocispec.Manifest, _ *ocispec.Image) { m.Layers[0].Size = 2 })
	with("has -1 bytes", func(m *ocispec.Manifest, _ *ocispec.Image) { m.Layers[0].Size = -1 })
	with(digest.FromString("gone").String()+": no such file", func(m *ocispec.Manifest, _ *ocispec.Image) {
		m.Layers[0] = descriptor(ocispec.MediaTypeImageLayer, "gone")
	})
	with(`says that it is "`+ocispec.MediaTypeImageIndex, func(m *ocispec.Manifest, _ *ocispec.Image) { m.MediaType = ocispec.MediaTypeImageIndex })
	with("more than the 4194304 of a document", func(m *ocispec.Manifest, _ *ocispec.Image) {
		m.Config = ocispec.Descriptor{MediaType: ocispec.MediaTypeImageConfig, Digest: digest.FromString("one"), Size: 10 << 20}
	})
	with(`has the media type "docker"`, func(m *ocispec.Manifest, _ *ocispec.Image) {
		m.Config = descriptor("docker", "one")
	})
	manifest, config := parts(func(*ocispec.Manifest, *ocispec.Image) {})
	here := descriptor(ocispec.MediaTypeImageManifest, manifest)
	here.Platform = &ocispec.Platform{OS: "linux", Architecture: "none"}
	foreign := indexOf(here)
	inner := indexOf()
	deep := descriptor(ocispec.MediaTypeImageIndex, inner)
	deep.Platform = platform()
	outer := indexOf(deep)
	all["lists no image for"] = []file{version, {name: "index.json", text: indexOf(descriptor(ocispec.MediaTypeImageIndex, foreign))}, blobFile(foreign), blobFile(manifest), blobFile(config), blobFile("one")}
	all[`in place of application/vnd.oci.image.manifest`] = []file{version, {name: "index.json", text: indexOf(descriptor(ocispec.MediaTypeImageIndex, outer))}, blobFile(outer), blobFile(inner)}
	both := func(mediaType string) []file {
		both := strings.Replace(manifest, "{", `{"manifests":[],`, 1)
		return []file{version, {name: "index.json", text: indexOf(descriptor(mediaType, both))}, blobFile(both), blobFile(config), blobFile("one")}
	}
	all["is an index and a manifest at once"] = both(ocispec.MediaTypeImageManifest)
	all["an index and a manifest at once: get"] = both(ocispec.MediaTypeImageIndex)
	loop := `{"manifests":[{"mediaType":"` + ocispec.MediaTypeImageIndex + `","digest":"` + digest.FromString("loop").String() + `"}]}`
	all[`blobs/sha256/`+digest.FromString("loop").Encoded()+`": blob`] = []file{version, {name: "index.json", text: loop}, {name: blobPrefix + digest.FromString("loop").Encoded(), text: loop}}
	all[`"../x": does not belong`] = []file{version, {name: "../x"}}
	all[`"/index.json": does not belong`] = []file{version, {name: "/index.json"}}
	all[`"blobs/sha256/../../x": digest`] = []file{version, {name: "blobs/sha256/../../x"}}
	all[`"manifest.json": does not belong in an OCI archive: for other archives`] = []file{{name: "manifest.json"}}
	all[`"index.json": is not a plain file`] = []file{version, {name: "index.json", kind: tar.TypeSymlink}}
	all[`"oci-layout": is in the archive twice`] = []file{version, version}
	all[digest.FromString("twice").Encoded()+`": is in the archive twice`] = []file{blobFile("twice"), blobFile("twice")}
	all[`"index.json": 10485760 bytes are more`] = []file{version, {name: "index.json", text: strings.Repeat(" ", 10<<20)}}
	all["index.json is missing: this is no OCI archive"] = []file{version}
	all[`oci-layout: unknown version "9"`] = []file{{name: "oci-layout", text: `{"imageLayoutVersion":"9"}`}, {name: "index.json", text: indexOf()}}
	all["index.json: unexpected end of JSON"] = []file{version, {name: "index.json"}}
	return all
}
