package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/retry"
	"drydock/final/transfer/stall"
	"drydock/stage4-images/blob"
)

// ask sends a request without a body, again if need be, and returns an answer of one of the
// statuses, and all that came with it: that is short, and so has the time of one silence.
func (r *Repository) ask(ctx context.Context, method, url string, statuses ...int) (answer *http.Response, text []byte, err error) {
	err = r.pauses.While(ctx, retry.IsPassing, func() error {
		answer, text, err = r.askOnce(ctx, method, url, statuses...) //nolint:bodyclose // askOnce does it
		return err
	})
	return answer, text, r.explain(err)
}

func (r *Repository) askOnce(ctx context.Context, method, url string, statuses ...int) (*http.Response, []byte, error) {
	line := stall.Watch(ctx, r.stall)
	defer line.Close()
	request, err := http.NewRequestWithContext(line.Context, method, url, nil)
	if err != nil {
		return nil, nil, err
	}
	answer, err := r.send(request, statuses...)
	if err != nil {
		return nil, nil, line.Why(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, blob.MaxJSON+1))
	if len(text) > blob.MaxJSON {
		err = fmt.Errorf("the answer from %s is longer than the %d bytes of a document: ask another registry", r.Host, blob.MaxJSON)
	}
	return answer, text, line.Why(err)
}

// send sends a request once.
func (r *Repository) send(request *http.Request, statuses ...int) (*http.Response, error) {
	for _, mediaType := range manifests {
		request.Header.Add("Accept", mediaType)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	if err := transport.CheckError(answer, statuses...); err != nil {
		answer.Body.Close()
		return nil, retry.After(answer, err)
	}
	return answer, nil
}

// Has tells whether the repository has a blob.
func (r *Repository) Has(ctx context.Context, d digest.Digest) (bool, error) {
	answer, _, err := r.ask(ctx, http.MethodHead, r.base+"blobs/"+d.String(), http.StatusOK, http.StatusNotFound) //nolint:bodyclose // ask does it
	return err == nil && answer.StatusCode == http.StatusOK, err
}

// Mount has the repository share a blob with another one on the same registry. Whatever a
// registry answers that does not do so, the blob can still be sent.
func (r *Repository) Mount(ctx context.Context, d digest.Digest, from string) (done bool) {
	query := url.Values{"mount": {d.String()}, "from": {from}}
	_, _, err := r.askOnce(ctx, http.MethodPost, r.base+"blobs/uploads/?"+query.Encode(), http.StatusCreated) //nolint:bodyclose // askOnce does it
	return err == nil
}

// PutBlob sends a blob, all of it again if the line breaks. open returns its content from the
// beginning.
func (r *Repository) PutBlob(ctx context.Context, desc ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	err := r.pauses.While(ctx, retry.IsPassing, func() error {
		answer, _, err := r.askOnce(ctx, http.MethodPost, r.base+"blobs/uploads/", http.StatusAccepted) //nolint:bodyclose // askOnce does it
		if err != nil {
			return err
		}
		to, err := resolve(answer, answer.Header.Get("Location"))
		if err != nil {
			return err
		}
		content, err := open()
		if err != nil {
			return err
		}
		return r.put(ctx, withDigest(to, desc.Digest), content, desc.Size, "application/octet-stream")
	})
	if err != nil {
		return fmt.Errorf("blob %s: %w", desc.Digest, r.explain(err))
	}
	return nil
}

// withDigest adds a blob's digest to the address of an upload, which may have a query.
func withDigest(to string, d digest.Digest) string {
	address, err := url.Parse(to)
	if err != nil {
		return to // it has been parsed before
	}
	query := address.Query()
	query.Set("digest", d.String())
	address.RawQuery = query.Encode()
	return address.String()
}

// thinking is how many times as long as a line may be silent a registry may take to store what
// has been sent.
const thinking = 5

// put sends content, which it closes.
func (r *Repository) put(ctx context.Context, to string, content io.ReadCloser, size int64, mediaType string) error {
	line := stall.Watch(ctx, r.stall)
	defer line.Close()
	request, err := http.NewRequestWithContext(line.Context, http.MethodPut, to, line.Sending(content, thinking*r.stall))
	if err != nil {
		return errors.Join(err, content.Close())
	}
	request.ContentLength = size
	if size == 0 {
		request.Body = http.NoBody
	}
	request.Header.Set("Content-Type", mediaType)
	answer, err := r.send(request, http.StatusCreated)
	if err != nil {
		return line.Why(err)
	}
	return answer.Body.Close()
}

// PutManifest has a tag mean a manifest, byte for byte. All that it names has been sent.
func (r *Repository) PutManifest(ctx context.Context, tag string, desc ocispec.Descriptor, text []byte) error {
	err := r.pauses.While(ctx, retry.IsPassing, func() error {
		return r.put(ctx, r.base+"manifests/"+tag, io.NopCloser(bytes.NewReader(text)), desc.Size, desc.MediaType)
	})
	var answer *transport.Error
	if errors.As(err, &answer) && answer.StatusCode == http.StatusBadRequest {
		return fmt.Errorf("the registry refuses the manifest: %w", err)
	}
	return r.explain(err)
}
