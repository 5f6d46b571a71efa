// Package registry speaks with the places that images are kept at for others.
//
// The problem: an image is to come from a machine that is far away, over a line that breaks,
// and perhaps only to those who have a password.
//
// The protocol is HTTP, with a path for each thing that stage 4 has a file for. What is asked
// for by its digest can be checked on arrival, so it does not matter who answers:
//
//	GET  /v2/                                     is this a registry, and who may ask?
//	GET  /v2/library/busybox/manifests/latest     a tag, or a digest: manifest or index
//	GET  /v2/library/busybox/blobs/sha256:…       a config or a layer; or the rest of one, by Range
//	POST /v2/library/busybox/blobs/uploads/       begins to send one; the answer says where to
//	PUT  /v2/library/busybox/manifests/latest     only after all that it names is there
//
// A registry that asks for more than a password answers 401 and names another server, which
// gives a token for it: go-containerregistry's transport does that. In a shell:
//
//	curl -H 'Accept: application/vnd.oci.image.manifest.v1+json' http://localhost:5000/v2/box/manifests/latest
//
// To read: the OCI distribution specification; the "Token Authentication" pages of the
// distribution project; RFC 9110 on Range.
package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"drydock/final/transfer/retry"
	"drydock/final/transfer/stall"
	"drydock/final/transfer/wire"
)

// Hub is the registry of names that have none, and HubHost the machine that is asked for it.
const (
	Hub     = "docker.io"
	HubHost = "registry-1.docker.io"
)

// Options are how registries are reached.
type Options struct {
	Wire wire.Options
	// Login returns what the user has stored for a registry; nil is for nobody in particular.
	Login func(registry string) (authn.AuthConfig, error)
	Pause time.Duration // before the first repetition, doubled for each more; 0 is a second
	Stall time.Duration // how long a line may be silent before it is given up; 0 is a minute
}

// A Target is a repository, and what is to be done with it.
type Target struct {
	Registry string   // such as docker.io
	Host     string   // the machine, perhaps with a port; if empty, the registry's
	Scheme   string   // http or https and no other; if empty, https, or what wire allows
	Path     string   // such as library/busybox; if empty, it is only asked who may log in
	Push     bool     // or else only pull
	From     []string // other repositories there, whose blobs may be used
}

// scopes are what a token is asked for: nothing if no repository is meant.
func (t Target) scopes() []string {
	if t.Path == "" {
		return nil
	}
	actions := transport.PullScope
	if t.Push {
		actions = transport.PushScope
	}
	all := []string{"repository:" + t.Path + ":" + actions}
	for _, from := range t.From {
		all = append(all, "repository:"+from+":"+transport.PullScope)
	}
	return all
}

// A Repository is a registry's images under one name, ready to be asked.
type Repository struct {
	Target
	base       string // the URL that all paths begin with
	client     *http.Client
	isInsecure bool
	pauses     retry.Pauses
	stall      time.Duration
}

// Open asks whether the registry is there, and gets a token if it wants one. The error tells
// whether it was the connection, TLS or the password. It says nothing about the repository.
func (o Options) Open(ctx context.Context, t Target) (*Repository, error) {
	if t.Host == "" {
		t.Host = t.Registry
		if t.Host == Hub {
			t.Host = HubHost
		}
	}
	r := &Repository{Target: t, base: "https://" + t.Host + "/v2/", stall: cmp.Or(o.Stall, time.Minute)}
	r.pauses, r.isInsecure = retry.Pauses{First: cmp.Or(o.Pause, time.Second)}, o.Wire.IsInsecure(t.Host)
	if t.Scheme == "http" && !r.isInsecure {
		return nil, fmt.Errorf("%w: use --insecure-registry %s if that is what you want", wire.PlainError{Host: t.Host}, t.Host)
	}
	if t.Path != "" {
		r.base += t.Path + "/"
	}
	carrier, err := o.Wire.To(t.Host, t.Scheme)
	if err != nil {
		return nil, err
	}
	auth, err := o.authenticator(t)
	if err != nil {
		return nil, err
	}
	insecure := []name.Option{}
	if r.isInsecure {
		insecure = append(insecure, name.Insecure)
	}
	host, err := name.NewRegistry(t.Host, insecure...)
	if err != nil {
		return nil, fmt.Errorf("registry %s: %w", t.Host, err)
	}
	// A connection that is refused now will be in a second: only what the registry itself
	// says is temporary is waited for.
	err = r.pauses.While(ctx, retry.IsBusy, func() error {
		line := stall.Watch(ctx, r.stall)
		defer line.Close()
		handshake, err := transport.NewWithContext(line.Context, host, auth, carrier, t.scopes())
		r.client = &http.Client{Transport: handshake}
		return line.Why(err)
	})
	return r, r.explain(err)
}

func (o Options) authenticator(t Target) (authn.Authenticator, error) {
	if o.Login == nil {
		return authn.Anonymous, nil
	}
	registry := t.Registry
	if registry == Hub && t.Host != HubHost {
		registry = t.Host // a mirror is not told the Hub's password
	}
	login, err := o.Login(registry)
	if err != nil {
		return nil, err
	}
	return authn.FromConfig(login), nil
}

// Ping asks the registry for something that only those may have who may log in.
func (r *Repository) Ping(ctx context.Context) error {
	_, _, err := r.ask(ctx, http.MethodGet, r.base, http.StatusOK) //nolint:bodyclose // ask does it
	return err
}

// explain words an answer as Docker does, and adds what the user can do.
func (r *Repository) explain(err error) error {
	var answer *transport.Error
	var plain wire.PlainError
	what := cmp.Or(r.Path, r.Host)
	switch {
	case errors.As(err, &plain) && plain.Host != r.Host:
		return fmt.Errorf("%w: use --insecure-registry %s if that is what you want", err, plain.Host)
	case errors.Is(err, http.ErrSchemeMismatch) && !r.isInsecure:
		return fmt.Errorf("%s: %w: use --insecure-registry %s if that is what you want", r.Host, err, r.Host)
	case !errors.As(err, &answer):
		return err
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%s: not found", what)
	case answer.StatusCode == http.StatusUnauthorized && r.Path == "":
		return fmt.Errorf("login attempt to %s failed with status: 401 Unauthorized", answer.Request.URL.Redacted())
	case answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		verb := "pull"
		if r.Push {
			verb = "push"
		}
		why := http.StatusText(answer.StatusCode)
		if len(answer.Errors) > 0 {
			why = answer.Errors[0].Message
		}
		return fmt.Errorf("%s access denied for %s, repository does not exist or may require authorization: %s: use 'drydock login %s'", verb, what, why, r.Registry)
	}
	return err
}
