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
)

// Has tells whether the repository has a blob.
func (r *Repository) Has(ctx context.Context, d digest.Digest) (bool, error) {
	answer, err := r.do(ctx, http.MethodHead, r.base+"blobs/"+d.String(), http.StatusOK, http.StatusNotFound)
	if err != nil {
		return false, err
	}
	return answer.StatusCode == http.StatusOK, answer.Body.Close()
}

// Mount has the repository share a blob with another one on the same registry. A registry that
// cannot, or that does not have it there, begins an upload instead, of which nothing comes.
func (r *Repository) Mount(ctx context.Context, d digest.Digest, from string) (done bool, err error) {
	query := url.Values{"mount": {d.String()}, "from": {from}}
	answer, err := r.do(ctx, http.MethodPost, r.base+"blobs/uploads/?"+query.Encode(), http.StatusCreated, http.StatusAccepted)
	if err != nil {
		return false, err
	}
	return answer.StatusCode == http.StatusCreated, answer.Body.Close()
}

// PutBlob sends a blob, all of it again if the line breaks. open returns its content from the
// beginning.
func (r *Repository) PutBlob(ctx context.Context, desc ocispec.Descriptor, open func() (io.ReadCloser, error)) error {
	err := r.retry.while(ctx, isPassing, func() error {
		begin, err := http.NewRequestWithContext(ctx, http.MethodPost, r.base+"blobs/uploads/", nil)
		if err != nil {
			return err
		}
		answer, err := r.send(begin, http.StatusAccepted)
		if err != nil {
			return err
		}
		answer.Body.Close()
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

// put sends content, which it closes.
func (r *Repository) put(ctx context.Context, to string, content io.ReadCloser, size int64, mediaType string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, to, content)
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
		return err
	}
	return answer.Body.Close()
}

// PutManifest has a tag mean a manifest, byte for byte. All that it names has been sent.
func (r *Repository) PutManifest(ctx context.Context, tag string, desc ocispec.Descriptor, text []byte) error {
	err := r.retry.while(ctx, isPassing, func() error {
		return r.put(ctx, r.base+"manifests/"+tag, io.NopCloser(bytes.NewReader(text)), desc.Size, desc.MediaType)
	})
	var answer *transport.Error
	if errors.As(err, &answer) && answer.StatusCode == http.StatusBadRequest {
		return fmt.Errorf("the registry refuses the manifest: %w", err)
	}
	return r.explain(err)
}
