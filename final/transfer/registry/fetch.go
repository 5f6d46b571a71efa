package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/retry"
	"drydock/final/transfer/stall"
)

// manifests are what we understand; a registry may have one image in several forms.
var manifests = []string{
	ocispec.MediaTypeImageIndex,
	ocispec.MediaTypeImageManifest,
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.docker.distribution.manifest.v2+json",
}

// Manifest returns a manifest or an index, by tag or digest, byte for byte. One that was asked
// for by its digest has that.
func (r *Repository) Manifest(ctx context.Context, ref string) (ocispec.Descriptor, []byte, error) {
	answer, text, err := r.ask(ctx, http.MethodGet, r.base+"manifests/"+ref, http.StatusOK) //nolint:bodyclose // ask does it
	if err != nil {
		return ocispec.Descriptor{}, nil, err
	}
	desc := ocispec.Descriptor{Digest: digest.FromBytes(text), Size: int64(len(text))}
	desc.MediaType, _, _ = mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if want := digest.Digest(ref); strings.Contains(ref, ":") && want != desc.Digest {
		return desc, nil, fmt.Errorf("manifest %s: what came has the digest %s: try again, or another registry", want, desc.Digest)
	}
	return desc, text, nil
}

// More than any honest repository has.
const (
	maxTags  = 100_000
	maxParts = 1_000 // of the list
)

// Tags returns the tags of the repository. A long list comes in parts, each of which names the
// next.
func (r *Repository) Tags(ctx context.Context) (all []string, err error) {
	asked := map[string]bool{}
	for url := r.base + "tags/list"; url != ""; {
		asked[url] = true
		answer, text, err := r.ask(ctx, http.MethodGet, url, http.StatusOK) //nolint:bodyclose // ask does it
		if err != nil {
			return nil, err
		}
		var part struct{ Tags []string }
		if err := json.Unmarshal(text, &part); err != nil {
			return nil, fmt.Errorf("the tags of %s: %w", r.Path, err)
		}
		all = append(all, part.Tags...)
		if url, err = next(answer); err != nil {
			return nil, err
		}
		if asked[url] || len(all) > maxTags || len(asked) > maxParts {
			return nil, fmt.Errorf("the registry's list of the tags of %s does not end: pull them one by one", r.Path)
		}
	}
	return all, nil
}

// next is the address of the part that follows, or "": RFC 8288, <ADDRESS>; rel="next".
func next(answer *http.Response) (string, error) {
	address, parameters, _ := strings.Cut(strings.TrimPrefix(answer.Header.Get("Link"), "<"), ">")
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if name == "rel" && strings.Trim(value, `"`) == "next" {
			return resolve(answer, address)
		}
	}
	return "", nil
}

// resolve makes an address whole that may be relative to that of the request.
func resolve(answer *http.Response, location string) (string, error) {
	url, err := answer.Request.URL.Parse(location)
	if err != nil {
		return "", fmt.Errorf("the registry names an address that is none: %w", err)
	}
	return url.String(), nil
}

// Blob returns the content of a blob, of exactly the size that the descriptor says. When the
// line breaks, or is silent for too long, it is asked for the rest. The caller compares the
// digest.
func (r *Repository) Blob(ctx context.Context, desc ocispec.Descriptor) io.ReadCloser {
	return &download{ctx: ctx, from: r, blob: desc}
}

// A download is a blob that is on its way.
type download struct {
	ctx    context.Context
	from   *Repository
	blob   ocispec.Descriptor
	at     int64 // how much has come
	known  int64 // how much of that the body begins with
	failed int   // how often in a row the line broke before anything came
	body   io.ReadCloser
	line   *stall.Line
}

// Read is part of io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for d.at < d.blob.Size {
		n, err := d.read(p)
		if n > 0 {
			d.at, d.failed = d.at+int64(n), 0
			return n, nil // an error will be there again
		}
		if err != nil {
			err = d.again(err)
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

// again gives the line up, and waits until it is to be tried again, if that is worth it.
func (d *download) again(why error) error {
	_ = d.Close() // it is broken anyway
	if d.failed++; d.failed == retry.Tries || d.ctx.Err() != nil || !retry.IsPassing(why) {
		return fmt.Errorf("blob %s, at %d of %d bytes: %w", d.blob.Digest, d.at, d.blob.Size, d.from.explain(why))
	}
	return d.from.pauses.Wait(d.ctx, d.failed, why)
}

// read reads once what comes next. What has come before is dropped.
func (d *download) read(p []byte) (int, error) {
	if d.body == nil {
		if err := d.request(); err != nil {
			return 0, err
		}
	}
	wanted := d.blob.Size - d.at
	if d.known > 0 {
		wanted = d.known
	}
	n, err := d.line.Read(d.body, p[:min(int64(len(p)), wanted)])
	if d.known > 0 {
		d.known -= int64(n)
		n = 0
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// request asks for what is missing. A registry that does not know Range sends all of it.
func (d *download) request() error {
	d.line, d.known = stall.Watch(d.ctx, d.from.stall), 0
	request, err := http.NewRequestWithContext(d.line.Context, http.MethodGet, d.from.base+"blobs/"+d.blob.Digest.String(), nil)
	if err != nil {
		return err
	}
	if d.at > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", d.at, d.blob.Size-1))
	}
	answer, err := d.from.send(request, http.StatusOK, http.StatusPartialContent) //nolint:bodyclose // Close does it
	if err != nil {
		return d.line.Why(err)
	}
	d.body = answer.Body
	if answer.StatusCode == http.StatusOK {
		d.known = d.at
		return nil
	}
	if want := fmt.Sprintf("bytes %d-", d.at); !strings.HasPrefix(answer.Header.Get("Content-Range"), want) {
		return fmt.Errorf("the registry sent %q, and was asked for %s", answer.Header.Get("Content-Range"), want)
	}
	return nil
}

// Close is part of io.Closer.
func (d *download) Close() error {
	if d.line != nil {
		d.line.Close()
	}
	if d.body == nil {
		return nil
	}
	body := d.body
	d.body = nil
	return body.Close()
}
