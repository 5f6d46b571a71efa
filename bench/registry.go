package main

import (
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// registry serves the layout on 127.0.0.1:5000 of a world: as much of the distribution API as a pull needs.
func (l layout) registry(w *world) (stop func() error, err error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/{$}", func(http.ResponseWriter, *http.Request) {})
	serve := func(w http.ResponseWriter, r *http.Request, digest, kind string) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Docker-Content-Digest", digest)
		http.ServeFile(w, r, filepath.Join(l.dir, path(descriptor{Digest: digest})))
	}
	mux.HandleFunc("GET /v2/"+large+"/manifests/{reference}", func(w http.ResponseWriter, r *http.Request) { serve(w, r, l.digest, manifestType) })
	mux.HandleFunc("GET /v2/"+large+"/blobs/{digest}", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, r.PathValue("digest"), "application/octet-stream")
	})
	var listener net.Listener
	err = w.call(func() error {
		listener, err = net.Listen("tcp", "127.0.0.1:5000")
		return err
	})
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is stopped
	return server.Close, nil
}
