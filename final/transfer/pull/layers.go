package pull

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/transfer/diffid"
	"drydock/final/transfer/progress"
	"drydock/stage4-images/blob"
	"drydock/stage4-images/image"
)

// atOnce is how many layers are fetched at the same time, as with Docker.
const atOnce = 3

// layers fetches the layers of an image, and unpacks them, from the bottom up. When one
// fails, all others stop too.
func (p *pull) layers(ctx context.Context, img image.Image) error {
	rows := make([]*progress.Row, len(img.Manifest.Layers))
	arrived := make([]chan struct{}, len(rows))
	for i, layer := range img.Manifest.Layers {
		rows[i], arrived[i] = p.Display.Row(digestOf(layer.Digest)), make(chan struct{})
		switch {
		case !p.isUnpacked(img, i):
			rows[i].Say("Pulling fs layer")
		case !p.isCurrent:
			rows[i].Say("Already exists")
		}
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(atOnce + 1)
	all.Go(func() error { return p.unpack(ctx, img, rows, arrived) })
	for i, layer := range img.Manifest.Layers {
		all.Go(func() error {
			if err := p.blob(ctx, layer, rows[i]); err != nil {
				return err
			}
			close(arrived[i])
			return nil
		})
	}
	return all.Wait()
}

// unpack unpacks each layer when it has arrived, and those below it are unpacked. One that is
// unpacked already, of another blob perhaps, is compared with this one.
func (p *pull) unpack(ctx context.Context, img image.Image, rows []*progress.Row, arrived []chan struct{}) error {
	listed, _ := p.Store.List() // what cannot be read is compared again
	known := diffid.Listed(listed)
	for i := range rows {
		select {
		case <-arrived[i]:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		lower := img
		lower.Manifest.Layers, lower.Config.RootFS.DiffIDs = img.Manifest.Layers[:i+1], img.Config.RootFS.DiffIDs[:i+1]
		isNew := false
		_, err := p.Store.Unpack(lower, func(content io.Reader, dir string) (digest.Digest, error) {
			isNew = true
			content = rows[i].Reader(content, "Extracting", img.Manifest.Layers[i].Size)
			return p.Apply(stopper{ctx, content}, dir)
		})
		if err == nil && !isNew {
			err = known.Check(p.Store.Layout, img.Manifest.Layers[i].Digest, img.Config.RootFS.DiffIDs[i])
		}
		if err != nil {
			return err
		}
		if isNew {
			rows[i].Say("Pull complete")
		}
	}
	return nil
}

// isUnpacked tells whether the layer with the number i, and its blob, are there already.
func (p *pull) isUnpacked(img image.Image, i int) bool {
	_, err := os.Stat(filepath.Join(p.Store.Layers, img.ChainIDs()[i].Encoded()))
	return err == nil && p.Store.CheckSize(img.Manifest.Layers[i]) == nil
}

// A stopper is a reader that ends when it is to.
type stopper struct {
	ctx context.Context
	io.Reader
}

// Read is part of io.Reader.
func (s stopper) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.Reader.Read(p)
}

// blob fetches a blob into the store, unless it is there. The row may be nil.
func (p *pull) blob(ctx context.Context, desc ocispec.Descriptor, row *progress.Row) error {
	if err := blob.CheckDigest(desc.Digest); err != nil {
		return err
	}
	lock, err := p.lock(ctx, desc.Digest.Encoded()+".blob")
	if err != nil {
		return err
	}
	defer lock.Close()
	if p.isWhole(ctx, desc) || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	body := p.from.Blob(ctx, desc)
	defer body.Close()
	content := io.Reader(body)
	if row != nil {
		content = row.Reader(body, "Downloading", desc.Size)
	}
	if _, err := p.Store.Put(desc.MediaType, content, desc.Digest); err != nil {
		return err
	}
	if row != nil {
		row.Say("Download complete")
	}
	return nil
}

// isWhole tells whether a blob is there. All of it is read: who pulls an image again may do so
// because it is damaged.
func (p *pull) isWhole(ctx context.Context, desc ocispec.Descriptor) bool {
	content, err := p.Store.Blob(desc.Digest)
	if err != nil {
		return false
	}
	defer content.Close()
	if p.Store.CheckSize(desc) != nil {
		return false
	}
	_, err = io.Copy(io.Discard, stopper{ctx, content})
	return err == nil
}

// lock takes a lock, or stops waiting for it.
func (p *pull) lock(ctx context.Context, name string) (*os.File, error) {
	type result struct {
		lock *os.File
		err  error
	}
	got := make(chan result, 1)
	go func() {
		lock, err := p.Store.Lock(name, unix.LOCK_EX)
		got <- result{lock, err}
	}()
	select {
	case r := <-got:
		return r.lock, r.err
	case <-ctx.Done():
		go func() { // flock(2) cannot be told to stop: what it gets late is given back
			if r := <-got; r.err == nil {
				r.lock.Close()
			}
		}()
		return nil, context.Cause(ctx)
	}
}
