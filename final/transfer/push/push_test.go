package push_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"

	"drydock/final/images"
	"drydock/final/transfer/progress"
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

func says(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, err)
		}
	}
}

// pushed pushes a name, and returns what is written.
func pushed(t testing.TB, s *image.Store, text string) (string, error) {
	t.Helper()
	name, err := images.Parse(text)
	must(t, err)
	var out bytes.Buffer
	err = push.Options{Store: s, Display: progress.New(&out), Registry: registry.Options{Pause: time.Millisecond}}.Image(t.Context(), name)
	return out.String(), err
}

// has reads a manifest from a registry.
func has(t testing.TB, r *testregistry.Registry, path, tag string) []byte {
	t.Helper()
	from, err := registry.Options{}.Open(t.Context(), registry.Target{Registry: r.Host, Path: path})
	must(t, err)
	_, text, err := from.Manifest(t.Context(), tag)
	must(t, err)
	return text
}

// TestPush compares with what docker 29 push writes, and the manifest byte by byte.
func TestPush(t *testing.T) {
	r, s := testregistry.New(t), testimage.Store(t, "")
	img := testimage.Add(t, s, r.Host+"/a/box", "one", "one") // the same layer twice is sent once
	layer := digest.FromString("one").Encoded()[:12]
	for _, state := range []string{"Pushed", "Layer already exists"} {
		out, err := pushed(t, s, r.Host+"/a/box")
		must(t, err)
		want := "The push refers to repository [" + r.Host + "/a/box]\n" + layer + ": " + state + "\nlatest: digest: " + img.Descriptor.Digest.String() + " size: " + fmt.Sprint(img.Descriptor.Size) + "\n"
		if d := cmp.Diff(want, out); d != "" {
			t.Error(d)
		}
	}
	stored, err := os.ReadFile(s.Path(img.Descriptor.Digest))
	must(t, err)
	if d := cmp.Diff(stored, has(t, r, "a/box", "latest")); d != "" {
		t.Error(d)
	}
	if got := r.Requests("PUT "); len(got) != 4 { // layer, config, and the manifest twice
		t.Error(got)
	}
	for _, missing := range []string{"a/box:none", "b/box"} {
		_, err = pushed(t, s, r.Host+"/"+missing)
		says(t, err, "An image does not exist locally with the tag: "+r.Host+"/"+strings.TrimSuffix(missing, ":none"))
	}
	must(t, os.Truncate(s.Path(img.Manifest.Layers[0].Digest), 1))
	_, err = pushed(t, s, r.Host+"/a/box")
	says(t, err, "has 1 bytes, and its descriptor says 3")
}

// TestMount: a layer that another repository there has is not sent, if the registry can share
// it. This one has all its blobs in one place anyway; so what it is asked is looked at.
func TestMount(t *testing.T) {
	r, s := testregistry.New(t), testimage.Store(t, "")
	testimage.Add(t, s, r.Host+"/a/box", "one")
	_, err := pushed(t, s, r.Host+"/a/box")
	must(t, err)
	testimage.Add(t, s, r.Host+"/b/box", "one", "two")
	for _, status := range []int{http.StatusCreated, http.StatusAccepted, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusInternalServerError} {
		var mounts []string
		r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
			query := request.URL.Query()
			switch {
			case query.Has("mount"):
				mounts = append(mounts, query.Get("mount")+" from "+query.Get("from"))
				w.WriteHeader(status)
			case request.Method == http.MethodHead && strings.Contains(request.URL.Path, "/blobs/"):
				w.WriteHeader(http.StatusNotFound)
			default:
				registry.ServeHTTP(w, request)
			}
		})
		out, err := pushed(t, s, r.Host+"/b/box")
		must(t, err)
		state := map[bool]string{true: "Mounted from a/box", false: "Pushed"}[status == http.StatusCreated]
		if line := digest.FromString("one").Encoded()[:12] + ": " + state; !strings.Contains(out, line) {
			t.Errorf("not %q in %q", line, out)
		}
		if d := cmp.Diff([]string{digest.FromString("one").String() + " from a/box"}, mounts); d != "" {
			t.Error(d)
		}
	}
}

// TestNoTokenForOthers: a registry may refuse a token for what is to be shared.
func TestNoTokenForOthers(t *testing.T) {
	r, s := testregistry.New(t), testimage.Store(t, "")
	img := testimage.Add(t, s, r.Host+"/a/box", "one")
	must(t, s.Tag(img.Descriptor, r.Host+"/b/box"))
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		switch {
		case request.URL.Path == "/token" && len(request.URL.Query()["scope"]) > 1:
			w.WriteHeader(http.StatusForbidden)
		case request.URL.Path == "/token":
			_, _ = io.WriteString(w, `{"token":"t"}`)
		case request.Header.Get("Authorization") == "":
			w.Header().Set("Www-Authenticate", `Bearer realm="http://`+request.Host+`/token",service="test"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			registry.ServeHTTP(w, request)
		}
	})
	out, err := pushed(t, s, r.Host+"/b/box")
	if err != nil || !strings.Contains(out, ": Pushed\n") {
		t.Error(out, err)
	}
}

// TestFaults: a line that breaks is tried again, with all of the blob; what does not pass is an
// error, and the tag means what it has meant before.
func TestFaults(t *testing.T) {
	r, s := testregistry.New(t), testimage.Store(t, "")
	before := testimage.Add(t, s, r.Host+"/box", "one")
	_, err := pushed(t, s, r.Host+"/box")
	must(t, err)
	testimage.Add(t, s, r.Host+"/box", strings.Repeat("two", 1<<18))
	var puts atomic.Int32
	broken := int32(5)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if request.Method == http.MethodPut && strings.Contains(request.URL.Path, "/uploads/") && puts.Add(1) <= broken {
			_, _ = io.CopyN(io.Discard, request.Body, 1000)
			panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler has the server close the connection
		}
		registry.ServeHTTP(w, request)
	})
	_, err = pushed(t, s, r.Host+"/box")
	says(t, err, "push box:latest: blob sha256:")
	if d := cmp.Diff(before.Descriptor.Digest, digest.FromBytes(has(t, r, "box", "latest"))); d != "" {
		t.Error(d)
	}
	puts.Store(0)
	broken = 2
	_, err = pushed(t, s, r.Host+"/box")
	must(t, err)
	if digest.FromBytes(has(t, r, "box", "latest")) == before.Descriptor.Digest {
		t.Error("the tag has not changed")
	}
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if request.Method == http.MethodPut {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		registry.ServeHTTP(w, request)
	})
	_, err = pushed(t, s, r.Host+"/box")
	says(t, err, "push access denied for box, repository does not exist or may require authorization: Forbidden")
}
