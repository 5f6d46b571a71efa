// Package diffid compares layers with what an image's config says of them.
//
// The problem: a layer has two digests. The manifest names the blob, as it is sent, and the
// config its tar file, the diff id. Unpacked layers are shared by diff id: so an image could run on
// another's layer of that diff id here, and on its own blob wherever it is pushed to.
//
// So each pair is compared once: when the layer is unpacked, or by unpacking the blob to nowhere if
// it is there already; and it is known while a listed image has it.
//
//	zcat blobs/sha256/$layer | sha256sum
//
// To read: the OCI image specification, config.md, "Layer DiffID".
package diffid

import (
	"fmt"
	"io"
	"maps"
	"runtime"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"drydock/stage4-images/blob"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

type pair struct{ blob, diffID digest.Digest }

// Known are the pairs that have been compared.
type Known map[pair]bool

// Listed returns the pairs that images have.
func Listed(all []image.Image) Known {
	k := Known{}
	for _, img := range all {
		for i, l := range img.Manifest.Layers {
			k[pair{l.Digest, img.Config.RootFS.DiffIDs[i]}] = true
		}
	}
	return k
}

// All compares the layers of an image, as many at once as there are processors. Those that have
// just been unpacked have been compared.
func (k Known) All(l blob.Layout, img image.Image, unpacked []image.Unpacked) error {
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i, layer := range img.Manifest.Layers {
		if p := (pair{layer.Digest, img.Config.RootFS.DiffIDs[i]}); !k[p] && !unpacked[i].IsNew {
			all.Go(func() error { return p.compare(l) })
		}
	}
	err := all.Wait()
	if err == nil {
		maps.Copy(k, Listed([]image.Image{img}))
	}
	return err
}

// Check compares a layer, compressed or not, unless the pair is known.
func (k Known) Check(l blob.Layout, d, diffID digest.Digest) error {
	p := pair{d, diffID}
	if k[p] {
		return nil
	}
	err := p.compare(l)
	if err == nil {
		k[p] = true
	}
	return err
}

func (p pair) compare(l blob.Layout) error {
	content, err := l.Blob(p.blob)
	if err != nil {
		return err
	}
	defer content.Close()
	plain, err := layer.Open(content)
	if err != nil {
		return fmt.Errorf("layer %s: %w", p.blob, err)
	}
	defer plain.Close()
	got, err := digest.Canonical.FromReader(io.LimitReader(plain, layer.Usual.Bytes))
	if err == nil && got != p.diffID {
		err = fmt.Errorf("its tar file has the digest %s, and the image's config says %s", got, p.diffID)
	}
	if err != nil {
		return fmt.Errorf("layer %s: %w", p.blob, err)
	}
	return nil
}
