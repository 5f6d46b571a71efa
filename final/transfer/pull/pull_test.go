package pull_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images"
	"drydock/final/transfer/progress"
	"drydock/final/transfer/pull"
	"drydock/final/transfer/push"
	"drydock/final/transfer/registry"
	"drydock/final/transfer/testimage"
	"drydock/final/transfer/testregistry"
	"drydock/stage4-images/image"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func parse(t testing.TB, text string) images.Name {
	t.Helper()
	name, err := images.Parse(text)
	must(t, err)
	return name
}

// options pull into s, and try again soon.
func options(s *image.Store, out io.Writer) pull.Options {
	return pull.Options{Store: s, Apply: testimage.Apply, Display: progress.New(out), Registry: registry.Options{Pause: time.Millisecond}}
}

// sent makes an image in a registry, of layers, and returns it and the store that it is in.
func sent(t testing.TB, r *testregistry.Registry, path string, layers ...string) (*image.Store, image.Image) {
	t.Helper()
	s := testimage.Store(t, "")
	img := testimage.Add(t, s, r.Host+"/"+path, layers...)
	o := push.Options{Store: s, Display: progress.New(io.Discard), Registry: registry.Options{Pause: time.Millisecond}}
	must(t, o.Image(t.Context(), parse(t, r.Host+"/"+path)))
	r.Requests("")
	return s, img
}

func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// whole checks that a store has an image, unpacked, and nothing that is not as it should be.
func whole(t testing.TB, s *image.Store, name string, want image.Image) {
	t.Helper()
	img, err := s.Find(name)
	must(t, err)
	img.Names, want.Names = nil, nil
	if d := cmp.Diff(want, img); d != "" {
		t.Error(d)
	}
	if layers := testimage.Left(t, s, "layers"); len(layers) != len(img.Manifest.Layers) {
		t.Errorf("unpacked are %v", layers)
	}
	if problems := s.Fsck(testimage.Apply, testimage.Diff); problems != nil {
		t.Error(problems)
	}
	if drafts := testimage.Left(t, s, "drafts"); drafts != nil {
		t.Error("left are", drafts)
	}
}

// short writes lines without what differs from test to test, sorted where the order is chance.
func short(text, host string) []string {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, host, "HOST")), "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		isState := func(line string) bool {
			return strings.HasSuffix(line, " complete") || strings.HasSuffix(line, "Pushed") || strings.HasSuffix(line, "exists")
		}
		if isState(a) && isState(b) {
			return strings.Compare(a, b)
		}
		return 0
	})
	return lines
}

// TestPull compares with what docker 29 pull writes, but for where lines are by chance.
func TestPull(t *testing.T) {
	r := testregistry.New(t)
	_, want := sent(t, r, "a/box", "one", "two")
	s := testimage.Store(t, "")
	one, two := digest.FromString("one").Encoded()[:12], digest.FromString("two").Encoded()[:12]
	for _, lines := range [][]string{
		{one + ": Pulling fs layer", two + ": Pulling fs layer", one + ": Download complete", one + ": Pull complete", two + ": Download complete", two + ": Pull complete", "Digest: " + want.Descriptor.Digest.String(), "Status: Downloaded newer image for HOST/a/box:latest"},
		{"Digest: " + want.Descriptor.Digest.String(), "Status: Image is up to date for HOST/a/box:latest"},
	} {
		var out bytes.Buffer
		must(t, options(s, &out).Image(t.Context(), parse(t, r.Host+"/a/box")))
		lines = append([]string{"latest: Pulling from a/box"}, lines...)
		if d := cmp.Diff(short(strings.Join(lines, "\n"), "HOST"), short(out.String(), r.Host)); d != "" {
			t.Error(d)
		}
		whole(t, s, r.Host+"/a/box", want)
	}
	if got := r.Requests("/blobs/"); len(got) != 3 {
		t.Errorf("3 blobs were asked for as %v", got)
	}
	must(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/a/box:latest@"+want.Descriptor.Digest.String())))
	whole(t, s, r.Host+"/a/box@"+want.Descriptor.Digest.String(), want)
	says(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/a/box:none")), "pull "+r.Host+"/a/box:none: ", "not found")
	says(t, options(s, io.Discard).Image(t.Context(), parse(t, "localhost:1/box")), "connection refused")
	says(t, options(s, io.Discard).Image(t.Context(), parse(t, "docker.io/localhost/box")), "is the name of another image")
}

// TestRepository pulls and pushes all tags.
func TestRepository(t *testing.T) {
	r := testregistry.New(t)
	from, to := testimage.Store(t, ""), testimage.Store(t, "")
	o := push.Options{Store: from, Display: progress.New(io.Discard)}
	says(t, o.Repository(t.Context(), parse(t, r.Host+"/box")), "an image does not exist locally with the tag: "+r.Host+"/box")
	one, two := testimage.Add(t, from, r.Host+"/box:1", "one"), testimage.Add(t, from, r.Host+"/box:2", "one", "two")
	testimage.Add(t, from, r.Host+"/other", "three")
	must(t, o.Repository(t.Context(), parse(t, r.Host+"/box")))
	must(t, options(to, io.Discard).Repository(t.Context(), parse(t, r.Host+"/box")))
	all, err := to.List()
	var names []string
	for _, img := range all {
		names = append(names, img.Names...)
	}
	if d := cmp.Diff([]string{r.Host + "/box:2", r.Host + "/box:1"}, names); d != "" || err != nil {
		t.Error(err, d)
	}
	if all[1].Descriptor.Digest != one.Descriptor.Digest || all[0].Descriptor.Digest != two.Descriptor.Digest {
		t.Error("the manifests are others")
	}
}

// TestIndex has an index of two images, one for this machine.
func TestIndex(t *testing.T) {
	r := testregistry.New(t)
	s := testimage.Store(t, "")
	foreign := ocispec.Platform{OS: "linux", Architecture: "s390x"}
	mine, other := testimage.Add(t, s, r.Host+"/box:mine", "mine"), testimage.AddFor(t, s, foreign, r.Host+"/box:other", "other")
	must(t, push.Options{Store: s, Display: progress.New(io.Discard)}.Repository(t.Context(), parse(t, r.Host+"/box")))
	index := image.Index([]ocispec.Descriptor{other.Descriptor, mine.Descriptor})
	index.Manifests[0].Platform, index.Manifests[1].Platform = &foreign, &mine.Config.Platform
	desc, err := s.PutJSON(ocispec.MediaTypeImageIndex, index)
	must(t, err)
	text, err := os.ReadFile(s.Path(desc.Digest))
	must(t, err)
	to, err := (registry.Options{}).Open(t.Context(), registry.Target{Registry: r.Host, Path: "box", Push: true})
	must(t, err)
	must(t, to.PutManifest(t.Context(), "latest", desc, text))

	for asked, want := range map[string]image.Image{"": mine, "linux/s390x": other} {
		var out bytes.Buffer
		got := testimage.Store(t, "")
		o := options(got, &out)
		o.Platform = asked
		must(t, o.Image(t.Context(), parse(t, r.Host+"/box")))
		whole(t, got, r.Host+"/box", want)
		if !strings.Contains(out.String(), "Digest: "+desc.Digest.String()) {
			t.Errorf("the digest is not the index's: %s", out.String())
		}
	}
	o := options(testimage.Store(t, ""), io.Discard)
	o.Platform = "linux/riscv64"
	says(t, o.Image(t.Context(), parse(t, r.Host+"/box")), "no matching manifest for linux/riscv64 in the manifest list entries")
	says(t, o.Image(t.Context(), parse(t, r.Host+"/box:other")), "does not provide the specified platform (linux/riscv64): it is for linux/s390x")
	o.Platform = "linux/"
	says(t, o.Image(t.Context(), parse(t, r.Host+"/box")), "invalid platform")
}

// A fault is how a registry answers requests for a layer, from the first on.
type fault func(n int32, w http.ResponseWriter, r *http.Request, registry http.Handler)

var large = strings.Repeat("content ", 1<<14)

// TestFaults: what passes is waited for, and what has come is not asked for again.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault  fault
		ranges []string
	}{
		"the line breaks twice": {func(n int32, w http.ResponseWriter, r *http.Request, registry http.Handler) {
			if n < 3 {
				w = testregistry.Cut(w, 1000)
			}
			registry.ServeHTTP(w, r)
		}, []string{"", "bytes=1000-131071", "bytes=2000-131071"}},
		"the registry knows no Range": {func(n int32, w http.ResponseWriter, r *http.Request, registry http.Handler) {
			r.Header.Del("Range")
			if n < 2 {
				w = testregistry.Cut(w, 1000)
			}
			registry.ServeHTTP(w, r)
		}, []string{"", "bytes=1000-131071"}},
		"the registry has too much to do": {func(n int32, w http.ResponseWriter, r *http.Request, registry http.Handler) {
			switch n {
			case 1:
				w.WriteHeader(http.StatusInternalServerError)
			case 2:
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
			default:
				registry.ServeHTTP(w, r)
			}
		}, []string{"", "", ""}},
		"the line is silent": {func(n int32, w http.ResponseWriter, r *http.Request, registry http.Handler) {
			if n == 1 {
				<-r.Context().Done()
				return
			}
			registry.ServeHTTP(w, r)
		}, []string{"", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			r := testregistry.New(t)
			_, want := sent(t, r, "box", large)
			onLayer(r, c.fault)
			s := testimage.Store(t, "")
			o := options(s, io.Discard)
			if strings.HasSuffix(name, "silent") {
				o.Registry.Stall = 20 * time.Millisecond
			}
			must(t, o.Image(t.Context(), parse(t, r.Host+"/box")))
			whole(t, s, r.Host+"/box", want)
			path := "GET /v2/box/blobs/" + digest.FromString(large).String()
			var ranges []string
			for _, request := range r.Requests(path) {
				ranges = append(ranges, strings.TrimSpace(strings.TrimPrefix(request, path)))
			}
			if d := cmp.Diff(c.ranges, ranges); d != "" {
				t.Error(d)
			}
		})
	}
}

// onLayer sets a fault for the layer that is large.
func onLayer(r *testregistry.Registry, f fault) {
	var n atomic.Int32
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if request.Method == http.MethodGet && strings.HasSuffix(request.URL.Path, digest.FromString(large).String()) {
			f(n.Add(1), w, request, registry)
			return
		}
		registry.ServeHTTP(w, request)
	})
}

// TestHopeless: what does not pass is an error, and nobody sees the image.
func TestHopeless(t *testing.T) {
	for words, f := range map[string]fault{
		"what came has the digest": func(_ int32, w http.ResponseWriter, r *http.Request, registry http.Handler) {
			registry.ServeHTTP(testregistry.Changed(w), r)
		},
		"at 0 of 131072 bytes: box: not found": func(_ int32, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusNotFound)
		},
		"502 Bad Gateway": func(_ int32, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusBadGateway)
		},
		"at 131071 of 131072 bytes: unexpected EOF": func(_ int32, w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			_, _ = io.WriteString(w, large[1:])
		},
		"at 0 of 131072 bytes: nothing has come for 20ms": func(_ int32, _ http.ResponseWriter, r *http.Request, _ http.Handler) {
			<-r.Context().Done()
		},
		"the registry sent \"bytes 0-9/10\"": func(n int32, w http.ResponseWriter, r *http.Request, registry http.Handler) {
			if n == 1 {
				registry.ServeHTTP(testregistry.Cut(w, 1000), r)
			}
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
		},
	} {
		t.Run(words, func(t *testing.T) {
			r := testregistry.New(t)
			sent(t, r, "box", "one", large)
			onLayer(r, f)
			s := testimage.Store(t, "")
			o := options(s, io.Discard)
			if strings.HasSuffix(words, "20ms") {
				o.Registry.Stall = 20 * time.Millisecond
			}
			says(t, o.Image(t.Context(), parse(t, r.Host+"/box")), words)
			if all, err := s.List(); len(all) != 0 || err != nil {
				t.Error(all, err)
			}
			if drafts := testimage.Left(t, s, "drafts"); drafts != nil {
				t.Error("left are", drafts)
			}
			if problems := s.Fsck(testimage.Apply, testimage.Diff); problems != nil {
				t.Error(problems)
			}
		})
	}
}

// TestHostile is about manifests that mean harm.
func TestHostile(t *testing.T) {
	config := fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":2}`, ocispec.MediaTypeImageConfig, digest.FromString("{}"))
	for words, text := range map[string]string{
		"is not sha256: and 64 digits": `{"config":{"mediaType":"` + ocispec.MediaTypeImageConfig + `","digest":"sha256:../../index.json","size":2}}`,
		"this is no image":             `{"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json"}}`,
		"9999999 bytes of":             `{"config":{"mediaType":"` + ocispec.MediaTypeImageConfig + `","size":9999999}}`,
		"says that it is":              `{"mediaType":"` + ocispec.MediaTypeImageIndex + `","manifests":[]}`,
		"at once":                      `{"config":` + config + `,"manifests":[]}`,
		"invalid character":            `<html>`,
		"-1 bytes of":                  `{"config":{"mediaType":"` + ocispec.MediaTypeImageConfig + `","digest":"` + digest.FromString("{}").String() + `","size":-1}}`,
		"its config 0":                 `{"config":` + config + `,"layers":[{}]}`,
	} {
		r := testregistry.New(t)
		r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
			switch {
			case strings.Contains(request.URL.Path, "/manifests/"):
				w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
				_, _ = io.WriteString(w, text)
			case strings.Contains(request.URL.Path, "/blobs/"):
				_, _ = io.WriteString(w, "{}")
			default:
				registry.ServeHTTP(w, request)
			}
		})
		s := testimage.Store(t, "")
		says(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/box")), words)
		zero := "sha256:" + strings.Repeat("0", 64) // whatever is asked for by its digest has that, or is refused
		says(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/box@"+zero)), "manifest "+zero+": what came has the digest "+digest.FromString(text).String())
		if got := testimage.Left(t, s, "drafts", "layers"); got != nil {
			t.Error(words, got)
		}
	}
	r := testregistry.New(t)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if !strings.Contains(request.URL.Path, "/manifests/") {
			registry.ServeHTTP(w, request)
			return
		}
		w.Header().Set("Content-Type", ocispec.MediaTypeImageManifest)
		_, _ = io.Copy(w, io.LimitReader(zeros{}, 5<<20))
	})
	says(t, options(testimage.Store(t, ""), io.Discard).Image(t.Context(), parse(t, r.Host+"/box")), "longer than the 4194304 bytes")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestOtherLayer: an image whose config says of a layer what is true of another's is not taken,
// though that is unpacked.
func TestOtherLayer(t *testing.T) {
	r, s := testregistry.New(t), testimage.Store(t, "")
	_, good := sent(t, r, "good", "one")
	must(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/good")))
	from := testimage.Store(t, "")
	evil, err := from.Put(ocispec.MediaTypeImageLayer, strings.NewReader("evil"), "")
	must(t, err)
	_, err = from.Add(good.Config, []ocispec.Descriptor{evil}, r.Host+"/evil:latest")
	must(t, err)
	must(t, push.Options{Store: from, Display: progress.New(io.Discard)}.Image(t.Context(), parse(t, r.Host+"/evil")))
	says(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/evil")), "its tar file has the digest "+evil.Digest.String())
	if all, err := s.List(); len(all) != 1 || err != nil {
		t.Error(all, err)
	}
}

// TestDamaged: a pull replaces what has become shorter, longer, or other.
func TestDamaged(t *testing.T) {
	r, s := testregistry.New(t), testimage.Store(t, "")
	_, img := sent(t, r, "box", "one")
	for _, damage := range []string{"", "eno", "longer"} {
		must(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/box")))
		whole(t, s, r.Host+"/box", img)
		for _, part := range img.Blobs() {
			must(t, os.WriteFile(s.Path(part.Digest), []byte(damage), 0o600))
		}
	}
	must(t, options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/box")))
	whole(t, s, r.Host+"/box", img)
}

// TestTwo: two pulls of one image at once fetch each blob once. The first one's layer is on its way
// until the second one waits for it, or asks for it too.
func TestTwo(t *testing.T) {
	r := testregistry.New(t)
	_, want := sent(t, r, "box", "one", large)
	s := testimage.Store(t, "")
	begun, twice := make(chan struct{}), make(chan struct{})
	onLayer(r, func(n int32, w http.ResponseWriter, request *http.Request, registry http.Handler) {
		switch n {
		case 1:
			close(begun)
			untilWaiting(t, filepath.Join(s.Drafts, digest.FromString(large).Encoded()+".blob"), twice)
		case 2:
			close(twice)
		}
		registry.ServeHTTP(w, request)
	})
	var both sync.WaitGroup
	pull := func() {
		if err := options(s, io.Discard).Image(t.Context(), parse(t, r.Host+"/box")); err != nil {
			t.Error(err)
		}
	}
	both.Go(pull)
	<-begun
	both.Go(pull)
	both.Wait()
	whole(t, s, r.Host+"/box", want)
	if got := r.Requests("/blobs/"); len(got) != 3 {
		t.Errorf("3 blobs were fetched as %v", got)
	}
}

// untilWaiting waits until somebody waits for the lock on a file, or for something else. The
// kernel lists in /proc/locks who waits, behind an arrow, by inode: nothing tells when that changes.
func untilWaiting(t testing.TB, file string, or <-chan struct{}) {
	t.Helper()
	var info unix.Stat_t
	_ = unix.Stat(file, &info) // without it, nobody waits for it
	inode := fmt.Sprintf(":%d ", info.Ino)
	for deadline := time.After(20 * time.Second); ; {
		locks, err := os.ReadFile("/proc/locks")
		for line := range strings.Lines(string(locks)) {
			if strings.Contains(line, "->") && strings.Contains(line, inode) {
				return
			}
		}
		if err != nil {
			t.Error(err)
			return
		}
		select {
		case <-or:
			return
		case <-deadline:
			t.Error("nobody waits for", file)
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// TestStopped: who is told to stop while a layer is on its way leaves nothing half.
func TestStopped(t *testing.T) {
	r := testregistry.New(t)
	sent(t, r, "box", "one", large)
	s := testimage.Store(t, "")
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	onLayer(r, func(_ int32, w http.ResponseWriter, request *http.Request, registry http.Handler) {
		_, _ = io.WriteString(w, large[:1000])
		w.(http.Flusher).Flush()
		cancel(why)
		<-request.Context().Done()
	})
	if err := options(s, io.Discard).Image(ctx, parse(t, r.Host+"/box")); err == nil || ctx.Err() == nil {
		t.Error(err)
	}
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Error(all, err)
	}
	if drafts := testimage.Left(t, s, "drafts"); drafts != nil {
		t.Error("left are", drafts)
	}
}

// TestMirror asks mirrors for Docker Hub's images only, one after the other.
func TestMirror(t *testing.T) {
	good, bad := testregistry.New(t), testregistry.New(t)
	_, want := sent(t, good, "library/box", "one")
	bad.SetFault(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(http.StatusForbidden) })
	s := testimage.Store(t, "")
	o := options(s, io.Discard)
	o.Mirrors = []string{"http://" + bad.Host, "http://" + good.Host + "/"}
	must(t, o.Image(t.Context(), parse(t, "box")))
	whole(t, s, "box", want)
	if len(bad.Requests("")) == 0 {
		t.Error("the first mirror was not asked")
	}
	says(t, o.Image(t.Context(), parse(t, "localhost:1/library/box")), "connection refused")
	if len(bad.Requests("")) != 0 {
		t.Error("a mirror was asked for another registry's image")
	}
	o.Mirrors = []string{"mirror.example"}
	says(t, o.Image(t.Context(), parse(t, "box")), `invalid mirror "mirror.example": give http://HOST or https://HOST`)
}
