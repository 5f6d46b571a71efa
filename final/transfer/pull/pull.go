// Package pull brings images from a registry into the store.
//
// The problem: an image is many files on a far machine, most of the time is spent waiting for
// the line, and another pull may want the same files at this very moment.
//
// The order is that of the digests: what a name means, the manifest, the config, the layers.
// Three layers are fetched at a time, the bottom one first, as that is the first that can be
// unpacked; it is, while others are still on their way. Last of all the image gets its name:
// until then nobody sees it, whatever goes wrong. A blob is fetched under a lock of its own: who
// comes second waits, and finds it.
//
// By hand:
//
//	curl -H 'Accept: application/vnd.oci.image.manifest.v1+json' -o manifest http://localhost:5000/v2/box/manifests/latest
//	for d in $(jq -r '.config.digest, .layers[].digest' manifest); do curl -LO http://localhost:5000/v2/box/blobs/$d; done
//	sha256sum sha256:*
//
// To read: the OCI distribution specification, "Pulling"; flock(2).
package pull

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images"
	"drydock/final/transfer/platform"
	"drydock/final/transfer/progress"
	"drydock/final/transfer/registry"
	"drydock/stage4-images/blob"
	"drydock/stage4-images/image"
)

// Options are where images come from, and where they go.
type Options struct {
	Registry registry.Options
	Mirrors  []string // addresses of machines that have what Docker Hub has, asked first
	Store    *image.Store
	Apply    image.Apply // how layers are unpacked
	Platform string      // as people type it; empty is this machine's
	Display  *progress.Display
}

// A pull is one Image at work.
type pull struct {
	Options
	from     *registry.Repository
	name     images.Name // with a tag or a digest
	platform platform.Platform
	// isCurrent is set if the name means already what the registry has.
	isCurrent bool
}

// Image brings the image of a name into the store, unpacked, under that name. If it fails, the
// name means what it has meant before, and what has arrived whole is kept for the next try.
func (o Options) Image(ctx context.Context, name images.Name) error {
	p := pull{Options: o, name: name.TagOrDigest(), platform: platform.Here()}
	if _, err := p.name.Stored(); err != nil {
		return err // better now than at the end
	}
	if o.Platform != "" {
		var err error
		if p.platform, err = platform.Parse(o.Platform); err != nil {
			return err
		}
	}
	held, err := o.Store.Hold()
	if err != nil {
		return err
	}
	defer held.Close()
	return p.anywhere(ctx, p.name, func(from *registry.Repository) error {
		p.from = from
		return p.image(ctx)
	})
}

// anywhere asks one machine after the other that has what a name means, until one gives it.
func (o Options) anywhere(ctx context.Context, name images.Name, ask func(*registry.Repository) error) error {
	targets, err := o.targets(name)
	if err != nil {
		return err
	}
	for i, target := range targets {
		var from *registry.Repository
		if from, err = o.Registry.Open(ctx, target); err == nil {
			err = ask(from)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		if i < len(targets)-1 {
			o.Display.Println("Mirror", target.Host+":", err)
		}
	}
	return fmt.Errorf("pull %s: %w", name.Familiar(), err)
}

// targets are the machines that have what a name means, in the order in which they are asked.
func (o Options) targets(name images.Name) (all []registry.Target, err error) {
	if name.Domain == "" {
		return nil, fmt.Errorf("%s names no registry", name)
	}
	for _, mirror := range o.Mirrors {
		address, err := url.Parse(mirror)
		if err != nil || address.Host == "" || address.Path != "" && address.Path != "/" || address.Scheme != "http" && address.Scheme != "https" {
			return nil, fmt.Errorf("invalid mirror %q: give http://HOST or https://HOST", mirror)
		}
		if name.Domain == registry.Hub {
			all = append(all, registry.Target{Registry: name.Domain, Host: address.Host, Scheme: address.Scheme, Path: name.Path})
		}
	}
	return append(all, registry.Target{Registry: name.Domain, Path: name.Path}), nil
}

// image brings the image, and shows what Docker shows.
func (p *pull) image(ctx context.Context) error {
	ref := cmp.Or(p.name.Digest, p.name.Tag)
	named, text, err := p.from.Manifest(ctx, ref)
	if err != nil {
		return err
	}
	p.Display.Println(ref+":", "Pulling from", p.name.Path)
	manifest, text, err := p.choose(ctx, named, text)
	if err != nil {
		return err
	}
	status := "Downloaded newer image for"
	if before, err := p.Store.Find(p.name.Familiar()); err == nil && before.Descriptor.Digest == manifest.Digest {
		status, p.isCurrent = "Image is up to date for", true
	}
	if err := p.receive(ctx, manifest, text); err != nil {
		return err
	}
	if err := p.Store.Tag(manifest, p.name.Familiar()); err != nil {
		return err
	}
	p.Display.Println("Digest:", named.Digest)
	p.Display.Println("Status:", status, p.name.Familiar())
	return nil
}

// choose returns the manifest for the platform, if what came is an index.
func (p *pull) choose(ctx context.Context, desc ocispec.Descriptor, text []byte) (ocispec.Descriptor, []byte, error) {
	if blob.MediaType(desc.MediaType) != ocispec.MediaTypeImageIndex {
		return desc, text, nil
	}
	var index ocispec.Index
	if err := blob.Unmarshal(desc, text, &index); err != nil {
		return desc, nil, err
	}
	chosen, found := p.platform.Choose(index)
	if !found {
		return desc, nil, fmt.Errorf("no matching manifest for %s in the manifest list entries: try another --platform", p.platform)
	}
	if err := blob.CheckDigest(chosen.Digest); err != nil {
		return desc, nil, err
	}
	return p.from.Manifest(ctx, chosen.Digest.String())
}

// receive brings all that a manifest names. Nothing of it is believed: image.Read compares
// the parts with each other, and the store each with its digest.
func (p *pull) receive(ctx context.Context, desc ocispec.Descriptor, text []byte) error {
	var manifest ocispec.Manifest
	if err := blob.Unmarshal(desc, text, &manifest); err != nil {
		return err
	}
	if err := p.checkConfig(manifest.Config); err != nil {
		return err
	}
	if _, err := p.Store.Put(desc.MediaType, bytes.NewReader(text), desc.Digest); err != nil {
		return err
	}
	if err := p.blob(ctx, manifest.Config, nil); err != nil {
		return err
	}
	img, err := image.Read(p.Store.Layout, desc, false)
	if err != nil {
		return err
	}
	if is := platform.Of(img.Config.Platform); p.Platform != "" && !p.platform.Runs(is) {
		return fmt.Errorf("image with reference %s was found but does not provide the specified platform (%s): it is for %s", p.name.Familiar(), p.platform, is)
	}
	if err := p.layers(ctx, img); err != nil {
		return err
	}
	_, err = image.Read(p.Store.Layout, desc, true)
	return err
}

// checkConfig refuses a config that cannot be one before it is fetched.
func (p *pull) checkConfig(config ocispec.Descriptor) error {
	if blob.MediaType(config.MediaType) != ocispec.MediaTypeImageConfig || config.Size < 0 || config.Size > blob.MaxJSON {
		return fmt.Errorf("this is no image of a container: its config is %d bytes of %q", config.Size, config.MediaType)
	}
	return nil
}

// Repository brings all images that a repository has tags for.
func (o Options) Repository(ctx context.Context, name images.Name) error {
	var tags []string
	if err := o.anywhere(ctx, name, func(from *registry.Repository) (err error) {
		tags, err = from.Tags(ctx)
		return err
	}); err != nil {
		return err
	}
	for _, tag := range tags {
		tagged, err := images.Parse(name.String() + ":" + tag)
		if err != nil {
			return fmt.Errorf("the registry has a tag %q: %w", tag, err)
		}
		if err := o.Image(ctx, tagged); err != nil {
			return err
		}
	}
	return nil
}

// digestOf shortens a digest as Docker shows those of layers.
func digestOf(d digest.Digest) string { return images.ShortID(d.String()) }
