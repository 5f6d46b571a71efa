package registry

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

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
	r := testregistry.New(t)
	r.SetFault(func(w http.ResponseWriter, request *http.Request, registry http.Handler) {
		switch request.URL.Path + "?" + request.URL.RawQuery {
		case "/v2/box/tags/list?":
			w.Header().Set("Link", `</v2/box/tags/list?last=a>; rel="next"`)
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

// TestIsPassing: an untrusted host is not asked again, nor one without TLS.
func TestIsPassing(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{&tls.CertificateVerificationError{Err: errors.New("x")}, false},
		{wire.PlainError{Host: "x"}, false},
		{errors.New("connection reset by peer"), true},
		{&transport.Error{StatusCode: http.StatusNotFound}, false},
		{laterError{&transport.Error{StatusCode: http.StatusTooManyRequests}, 0}, true},
	} {
		if got := isPassing(c.err); got != c.want {
			t.Errorf("%T: %v", c.err, got)
		}
	}
}

// TestNoTLS names the remedy when a registry does not speak TLS.
func TestNoTLS(t *testing.T) {
	r := &Repository{Target: Target{Host: "a.example"}}
	says(t, r.explain(fmt.Errorf("get: %w", http.ErrSchemeMismatch)), "use --insecure-registry a.example")
}

// TestWait: the registry says when, but not for how long we would wait at most.
func TestWait(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	says(t, retry{time.Hour}.wait(ctx, 1, nil), "enough")
	begun := time.Now()
	if err := (retry{time.Millisecond}).wait(t.Context(), 2, laterError{errors.New("x"), 20 * time.Millisecond}); err != nil || time.Since(begun) < 20*time.Millisecond {
		t.Error(err, time.Since(begun))
	}
}
