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
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/blob"
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
	var desc ocispec.Descriptor
	var text []byte
	err := r.retry.while(ctx, isPassing, func() error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+"manifests/"+ref, nil)
		if err != nil {
			return err
		}
		answer, err := r.send(request, http.StatusOK)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		desc.MediaType, _, _ = mime.ParseMediaType(answer.Header.Get("Content-Type"))
		text, err = io.ReadAll(io.LimitReader(answer.Body, blob.MaxJSON+1))
		return err
	})
	if err != nil {
		return desc, nil, r.explain(err)
	}
	desc.Digest, desc.Size = digest.FromBytes(text), int64(len(text))
	if len(text) > blob.MaxJSON {
		return desc, nil, fmt.Errorf("manifest %s is longer than the %d bytes of a document", ref, blob.MaxJSON)
	}
	if want := digest.Digest(ref); strings.Contains(ref, ":") && want != desc.Digest {
		return desc, nil, fmt.Errorf("manifest %s: what came has the digest %s: try again, or another registry", want, desc.Digest)
	}
	return desc, text, nil
}

// Tags returns the tags of the repository. A long list comes in parts, each of which names the
// next.
func (r *Repository) Tags(ctx context.Context) (all []string, err error) {
	for url := r.base + "tags/list"; url != ""; {
		answer, err := r.do(ctx, http.MethodGet, url, http.StatusOK)
		if err != nil {
			return nil, err
		}
		var part struct{ Tags []string }
		err = json.NewDecoder(io.LimitReader(answer.Body, blob.MaxJSON)).Decode(&part)
		answer.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("the tags of %s: %w", r.Path, err)
		}
		all = append(all, part.Tags...)
		next, isNext := strings.CutSuffix(answer.Header.Get("Link"), `>; rel="next"`)
		if !isNext || len(part.Tags) == 0 {
			break
		}
		if url, err = resolve(answer, strings.TrimPrefix(next, "<")); err != nil {
			return nil, err
		}
	}
	return all, nil
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
	failed int   // how often in a row the line broke before anything came
	body   io.ReadCloser
	cancel context.CancelFunc // of body
}

// Read is part of io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for {
		if d.at == d.blob.Size {
			return 0, io.EOF
		}
		n, err := d.read(p)
		if n > 0 {
			d.at, d.failed = d.at+int64(n), 0
			return n, nil // an error will be there again
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			continue
		}
		_ = d.Close() // it is broken anyway
		if errors.Is(err, context.Canceled) && d.ctx.Err() == nil {
			err = fmt.Errorf("nothing has come for %v", d.from.stall)
		}
		if d.failed++; d.failed == tries || d.ctx.Err() != nil || !isPassing(err) {
			return 0, fmt.Errorf("blob %s, at %d of %d bytes: %w", d.blob.Digest, d.at, d.blob.Size, d.from.explain(err))
		}
		if err := d.from.retry.wait(d.ctx, d.failed, err); err != nil {
			return 0, err
		}
	}
}

// read reads from the line, of which the clock is only running meanwhile.
func (d *download) read(p []byte) (int, error) {
	if d.body == nil {
		if err := d.request(); err != nil {
			return 0, err
		}
	}
	clock := time.AfterFunc(d.from.stall, d.cancel)
	defer clock.Stop()
	return d.body.Read(p[:min(int64(len(p)), d.blob.Size-d.at)])
}

// request asks for what is missing. A registry that does not know Range sends all of it, of
// which the beginning is read past.
func (d *download) request() error {
	ctx, cancel := context.WithCancel(d.ctx)
	d.cancel = cancel
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.from.base+"blobs/"+d.blob.Digest.String(), nil)
	if err != nil {
		return err
	}
	if d.at > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", d.at, d.blob.Size-1))
	}
	clock := time.AfterFunc(d.from.stall, cancel)
	defer clock.Stop()
	answer, err := d.from.send(request, http.StatusOK, http.StatusPartialContent) //nolint:bodyclose // Close does it
	if err != nil {
		return err
	}
	d.body = answer.Body
	if answer.StatusCode == http.StatusPartialContent {
		if want := fmt.Sprintf("bytes %d-", d.at); !strings.HasPrefix(answer.Header.Get("Content-Range"), want) {
			return fmt.Errorf("the registry sent %q, and was asked for %s", answer.Header.Get("Content-Range"), want)
		}
		return nil
	}
	_, err = io.CopyN(io.Discard, answer.Body, d.at)
	return err
}

// Close is part of io.Closer.
func (d *download) Close() error {
	if d.cancel != nil {
		d.cancel()
	}
	if d.body == nil {
		return nil
	}
	body := d.body
	d.body = nil
	return body.Close()
}
