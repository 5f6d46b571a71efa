package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/retry"
	"drydock/final/transfer/testregistry"
	"drydock/final/transfer/wire"
)

// as logs in as somebody.
func as(user, password string) func(string) (authn.AuthConfig, error) {
	return func(string) (authn.AuthConfig, error) {
		return authn.AuthConfig{Username: user, Password: password}, nil
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

// withTokens has a registry want a token, which the same server gives for a password: one for
// each scope that was asked for.
func withTokens(r *testregistry.Registry) {
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		user, password, _ := request.BasicAuth()
		if request.URL.Path == "/token" {
			if user+password != "mesecret" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]string{"token": "for+" + strings.Join(request.URL.Query()["scope"], "+")})
			return
		}
		token, _ := strings.CutPrefix(request.Header.Get("Authorization"), "Bearer ")
		repository, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/")
		if repository != "" && !strings.Contains(token, ":"+repository+":") || repository == "" && token != "for+" {
			w.Header().Set("Www-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, request.Host))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		registry.ServeHTTP(w, request)
	})
}

// withPassword has a registry want a password.
func withPassword(r *testregistry.Registry) {
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		if user, password, _ := request.BasicAuth(); user+password != "mesecret" {
			w.Header().Set("Www-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		registry.ServeHTTP(w, request)
	})
}

// TestToken: who has the password gets a token for the repositories that are named, and no other.
func TestToken(t *testing.T) {
	r := testregistry.New(t)
	withTokens(r)
	to, err := Options{Login: as("me", "secret")}.Open(t.Context(), Target{Registry: r.Host, Path: "box", From: []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = to.Manifest(t.Context(), "latest")
	says(t, err, "box: not found")
	if d := cmp.Diff([]string{"repository:box:pull", "repository:other:pull"}, to.scopes()); d != "" {
		t.Error(d)
	}
	to.base = strings.Replace(to.base, "/box/", "/foreign/", 1)
	_, err = to.Tags(t.Context())
	says(t, err, "pull access denied for box", "use 'drydock login "+r.Host+"'")
	_, err = Options{Login: as("me", "wrong")}.Open(t.Context(), Target{Registry: r.Host, Path: "box", Push: true})
	says(t, err, "push access denied for box", "use 'drydock login "+r.Host+"'")
	why := errors.New("locked")
	_, err = Options{Login: func(string) (authn.AuthConfig, error) { return authn.AuthConfig{}, why }}.Open(t.Context(), Target{Registry: r.Host})
	says(t, err, "locked")
}

// TestPing is what login asks: for a token, that is one without a scope.
func TestPing(t *testing.T) {
	for name, guard := range map[string]func(*testregistry.Registry){"tokens": withTokens, "password": withPassword} {
		for password, want := range map[string]string{"secret": "", "wrong": "401 Unauthorized"} {
			r := testregistry.New(t)
			guard(r)
			to, err := Options{Login: as("me", password)}.Open(t.Context(), Target{Registry: r.Host})
			if err == nil {
				err = to.Ping(t.Context())
			}
			if want == "" && err != nil {
				t.Error(name, err)
			} else if want != "" {
				says(t, err, want)
			}
		}
	}
}

// TestMirrorHasNoPassword: the Hub's password is for the Hub.
func TestMirrorHasNoPassword(t *testing.T) {
	var asked []string
	o := Options{Login: func(registry string) (authn.AuthConfig, error) {
		asked = append(asked, registry)
		return authn.AuthConfig{}, nil
	}}
	for _, target := range []Target{{Registry: Hub, Host: "mirror.example"}, {Registry: Hub, Host: HubHost}, {Registry: "a.example", Host: "a.example"}} {
		if _, err := o.authenticator(target); err != nil {
			t.Error(err)
		}
	}
	if d := cmp.Diff([]string{"mirror.example", Hub, "a.example"}, asked); d != "" {
		t.Error(d)
	}
}

// TestTags reads a list in two parts.
func TestTags(t *testing.T) {
	for _, relation := range []string{`rel="next"`, "rel=next", `title="x"; rel="next"`} {
		testTags(t, "</v2/box/tags/list?last=a>; "+relation)
	}
}

func testTags(t *testing.T, link string) {
	t.Helper()
	r := testregistry.New(t)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		switch request.URL.Path + "?" + request.URL.RawQuery {
		case "/v2/box/tags/list?":
			w.Header().Set("Link", link)
			fmt.Fprint(w, `{"tags":["a"]}`)
		case "/v2/box/tags/list?last=a":
			fmt.Fprint(w, `{"tags":["b"]}`)
		default:
			registry.ServeHTTP(w, request)
		}
	})
	to, err := Options{}.Open(t.Context(), Target{Registry: r.Host, Path: "box"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := to.Tags(t.Context())
	if d := cmp.Diff([]string{"a", "b"}, all); d != "" || err != nil {
		t.Error(err, d)
	}
}

// TestEndlessTags: a list that does not end does.
func TestEndlessTags(t *testing.T) {
	r := testregistry.New(t)
	for name, next := range map[string]func(n int) string{
		"the same part": func(int) string { return "" }, "no tags": strconv.Itoa,
	} {
		asked := 0
		r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
			if !strings.HasSuffix(request.URL.Path, "/tags/list") {
				registry.ServeHTTP(w, request)
				return
			}
			asked++
			w.Header().Set("Link", "</v2/box/tags/list?last="+next(asked)+">; rel=next")
			fmt.Fprint(w, `{"tags":[]}`)
		})
		_, err := open(t, r).Tags(t.Context())
		says(t, err, "the tags of box does not end")
		if asked > 2000 {
			t.Error(name, asked)
		}
	}
}

// open opens the repository box, whose line may be silent for as long as 20 ms.
func open(t *testing.T, r *testregistry.Registry) *Repository {
	t.Helper()
	to, err := Options{Stall: 20 * time.Millisecond, Pause: time.Millisecond}.Open(t.Context(), Target{Registry: r.Host, Path: "box"})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestSilent: whatever is asked, a registry that says nothing is given up.
func TestSilent(t *testing.T) {
	r := testregistry.New(t)
	to := open(t, r)
	desc := ocispec.Descriptor{Digest: digest.FromString("one"), Size: 3}
	content := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("one")), nil }
	for name, ask := range map[string]func() error{
		"ping": func() error {
			_, err := Options{Stall: 20 * time.Millisecond}.Open(t.Context(), Target{Registry: r.Host, Path: "box"})
			return err
		},
		"manifest":  func() error { _, _, err := to.Manifest(t.Context(), "latest"); return err },
		"tags":      func() error { _, err := to.Tags(t.Context()); return err },
		"has":       func() error { _, err := to.Has(t.Context(), desc.Digest); return err },
		"upload":    func() error { return to.PutBlob(t.Context(), desc, content) },
		"uploaded":  func() error { return to.PutBlob(t.Context(), desc, content) },
		"published": func() error { return to.PutManifest(t.Context(), "latest", desc, []byte("one")) },
	} {
		r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
			if name == "uploaded" && request.Method == http.MethodPost {
				registry.ServeHTTP(w, request)
				return
			}
			_, _ = io.Copy(io.Discard, request.Body) // else the end of the line would not be seen
			<-request.Context().Done()
		})
		says(t, ask(), "nothing has come for ")
	}
	if to.Mount(t.Context(), desc.Digest, "other") {
		t.Error("what nobody has answered is done")
	}
}

// A body is content that comes slowly, in a bubble of synctest.
type body struct {
	io.Reader
	pause   time.Duration
	request context.Context
}

func (b body) Close() error { return nil }

func (b body) Read(p []byte) (int, error) {
	select {
	case <-time.After(b.pause):
		return b.Reader.Read(p[:1])
	case <-b.request.Done():
		return 0, b.request.Err()
	}
}

// answers are what requests get, one after the other.
type answers []body

func (a *answers) RoundTrip(request *http.Request) (*http.Response, error) {
	next := (*a)[0]
	*a = (*a)[1:]
	next.request = request.Context()
	return &http.Response{StatusCode: http.StatusOK, Body: next, Request: request}, nil
}

// TestSlowWithoutRange: what is dropped comes as slowly as all else, and that is no silence.
func TestSlowWithoutRange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := answers{{strings.NewReader("abcdef"), time.Second, nil}, {strings.NewReader("abcdefgh"), 40 * time.Second, nil}}
		r := &Repository{client: &http.Client{Transport: &all}, stall: time.Minute, pauses: retry.Pauses{First: 1}}
		got, err := io.ReadAll(r.Blob(t.Context(), ocispec.Descriptor{Size: 8}))
		if d := cmp.Diff("abcdefgh", string(got)); d != "" || err != nil {
			t.Error(err, d)
		}
	})
}

// TestScheme: an address with a scheme is asked so, or not at all.
func TestScheme(t *testing.T) {
	r := testregistry.New(t)
	if _, err := (Options{}).Open(t.Context(), Target{Registry: r.Host, Scheme: "http", Path: "box"}); err != nil {
		t.Error(err)
	}
	_, err := Options{}.Open(t.Context(), Target{Registry: r.Host, Scheme: "https", Path: "box"})
	says(t, err, r.Host+" is asked over https only")
	_, err = Options{}.Open(t.Context(), Target{Registry: Hub, Host: "mirror.example", Scheme: "http", Path: "box"})
	says(t, err, "mirror.example is not asked without TLS: use --insecure-registry mirror.example")
}

// TestNoTLS names the remedy when a registry does not speak TLS, and only then.
func TestNoTLS(t *testing.T) {
	r := &Repository{Target: Target{Host: "a.example"}}
	mismatch := fmt.Errorf("get: %w", http.ErrSchemeMismatch)
	says(t, r.explain(mismatch), "use --insecure-registry a.example")
	says(t, r.explain(wire.PlainError{Host: "b.example"}), "use --insecure-registry b.example")
	r.isInsecure = true
	for _, err := range []error{r.explain(mismatch), r.explain(wire.PlainError{Host: "a.example"})} {
		if strings.Contains(err.Error(), "--insecure") {
			t.Error(err)
		}
	}
}
