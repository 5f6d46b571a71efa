// Package diffid compares layers with what an image's config says of them.
//
// The problem: a layer has two digests. The manifest names the blob, as it is sent, and the
// config its tar file, the diff id. Unpacked layers are shared by diff id: so an image could run on
// another's layer of that diff id here, and on its own blob wherever it is pushed to.
//
// So each pair is compared once, by unpacking the blob to nowhere, and is known while a listed
// image has it.
//
//	zcat blobs/sha256/$layer | sha256sum
//
// To read: the OCI image specification, config.md, "Layer DiffID".
package diffid

import (
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"

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

// Check compares a layer, compressed or not, unless the pair is known.
func (k Known) Check(l blob.Layout, d, diffID digest.Digest) error {
	if k[pair{d, diffID}] {
		return nil
	}
	content, err := l.Blob(d)
	if err != nil {
		return err
	}
	defer content.Close()
	plain, err := layer.Open(content)
	if err != nil {
		return fmt.Errorf("layer %s: %w", d, err)
	}
	defer plain.Close()
	got, err := digest.Canonical.FromReader(io.LimitReader(plain, layer.Usual.Bytes))
	if err == nil && got != diffID {
		err = fmt.Errorf("its tar file has the digest %s, and the image's config says %s", got, diffID)
	}
	if err != nil {
		return fmt.Errorf("layer %s: %w", d, err)
	}
	k[pair{d, diffID}] = true
	return nil
}
