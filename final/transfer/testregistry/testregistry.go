// Package testregistry is a registry for tests, in the test's own process, that can be told to
// fail as real ones do.
package testregistry

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// A Registry is go-containerregistry's, which keeps all in memory, behind a door of ours.
type Registry struct {
	Host string

	lock  sync.Mutex
	fault Fault
	all   []string
}

// A Fault answers in place of a registry, which it may ask too.
type Fault func(w http.ResponseWriter, r *http.Request, registry http.Handler)

// Fault returns what answers now: nil is the registry itself.
func (r *Registry) Fault() Fault {
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.fault
}

// SetFault has something answer from now on.
func (r *Registry) SetFault(f Fault) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.fault = f
}

// New starts a registry that ends with the test.
func New(t testing.TB) *Registry {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	r := &Registry{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.lock.Lock()
		r.all = append(r.all, strings.TrimSpace(request.Method+" "+request.URL.Path+" "+request.Header.Get("Range")))
		r.lock.Unlock()
		if fault := r.Fault(); fault != nil {
			fault(w, request, inner)
			return
		}
		inner.ServeHTTP(w, request)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(server.Close)
	r.Host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// Requests returns those since the last time that hold some text: METHOD PATH [RANGE].
func (r *Registry) Requests(text string) (some []string) {
	r.lock.Lock()
	defer r.lock.Unlock()
	for _, request := range r.all {
		if strings.Contains(request, text) {
			some = append(some, request)
		}
	}
	r.all = nil
	return some
}

// Cut returns a writer that breaks the line after some bytes of content.
func Cut(w http.ResponseWriter, after int) http.ResponseWriter { return &cut{w, after} }

type cut struct {
	http.ResponseWriter
	left int
}

// Write is part of http.ResponseWriter.
func (c *cut) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(c.left, len(p))])
	c.left -= n
	if c.left == 0 {
		if flusher, canFlush := c.ResponseWriter.(http.Flusher); canFlush {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler) //nolint:forbidigo // how a handler has the server close the connection
	}
	return n, err
}

// Changed returns a writer that changes the first byte of content.
func Changed(w http.ResponseWriter) http.ResponseWriter { return &changed{ResponseWriter: w} }

type changed struct {
	http.ResponseWriter
	done bool
}

// Write is part of http.ResponseWriter.
func (c *changed) Write(p []byte) (int, error) {
	if !c.done && len(p) > 0 {
		p, c.done = append([]byte{p[0] ^ 1}, p[1:]...), true
	}
	return c.ResponseWriter.Write(p)
}
