// Package push sends images from the store to a registry.
//
// The problem: most of an image is there already, as others have pushed what it is based on;
// and nobody is to see it there before all of it is.
//
// So each layer is asked for first. One that another repository of the same registry has is
// shared by the registry itself. Only then is it sent, and after all layers and the config,
// the manifest, byte for byte: with that the tag means the image.
//
//	curl -I http://localhost:5000/v2/box/blobs/$digest
//	to=$(curl -i -X POST http://localhost:5000/v2/box/blobs/uploads/ | sed -n 's/\r//; s/^Location: //p')
//	curl -X PUT -T layer "$to&digest=$digest"
//	curl -X PUT -T manifest -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' http://localhost:5000/v2/box/manifests/latest
//
// To read: the OCI distribution specification, "Pushing".
package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images"
	"drydock/final/transfer/progress"
	"drydock/final/transfer/registry"
	"drydock/stage4-images/image"
)

// atOnce is how many layers are sent at the same time, as with Docker.
const atOnce = 5

// Options are where images come from, and how registries are reached.
type Options struct {
	Registry registry.Options
	Store    *image.Store
	Display  *progress.Display
}

// A push is one repository that is being pushed.
type push struct {
	Options
	name images.Name
	to   *registry.Repository
	from map[digest.Digest][]string // in which other repositories there a layer should be
}

// Image sends the image of a name, which has no digest. Without a tag, it is latest. If it
// fails, the tag means what it has meant before.
func (o Options) Image(ctx context.Context, name images.Name) error {
	name = name.WithDefaultTag()
	return o.send(ctx, name, []string{name.Tag})
}

// Repository sends all images of a repository that have a tag.
func (o Options) Repository(ctx context.Context, name images.Name) error {
	all, damaged := o.Store.List()
	var tags []string
	for _, img := range all {
		for _, other := range img.Names {
			if n, err := images.Parse(other); err == nil && n.Domain == name.Domain && n.Path == name.Path && n.Tag != "" {
				tags = append(tags, n.Tag)
			}
		}
	}
	if tags == nil {
		return errors.Join(fmt.Errorf("an image does not exist locally with the tag: %s", name.Familiar()), damaged)
	}
	slices.Sort(tags)
	return o.send(ctx, name, tags)
}

func (o Options) send(ctx context.Context, name images.Name, tags []string) error {
	held, err := o.Store.Hold()
	if err != nil {
		return err
	}
	defer held.Close()
	p := push{Options: o, name: name}
	p.Display.Println("The push refers to repository [" + name.Domain + "/" + name.Path + "]")
	found := make([]image.Image, len(tags))
	for i, tag := range tags {
		if found[i], err = o.find(name, tag); err != nil {
			return err
		}
	}
	if err := p.open(ctx, found); err != nil {
		return fmt.Errorf("push %s: %w", name.Familiar(), err)
	}
	for i, tag := range tags {
		if err := p.image(ctx, found[i], tag); err != nil {
			return fmt.Errorf("push %s:%s: %w", name.Path, tag, err)
		}
	}
	return nil
}

// find returns the image of a name. What is damaged could be the one.
func (o Options) find(name images.Name, tag string) (image.Image, error) {
	name.Tag = tag
	all, damaged := o.Store.List()
	for _, img := range all {
		if slices.Contains(img.Names, name.Familiar()) {
			return img, nil
		}
	}
	return image.Image{}, errors.Join(missing(name), damaged)
}

// open looks where on the registry the layers of images may be, and asks it for a token for
// all of that.
func (p *push) open(ctx context.Context, sending []image.Image) (err error) {
	target := registry.Target{Registry: p.name.Domain, Path: p.name.Path, Push: true}
	p.from = map[digest.Digest][]string{}
	for _, img := range sending {
		for _, layer := range img.Manifest.Layers {
			p.from[layer.Digest] = nil
		}
	}
	all, _ := p.Store.List() // what cannot be read cannot help
	for _, img := range all {
		for _, other := range p.elsewhere(img) {
			for _, layer := range img.Manifest.Layers {
				if from, isWanted := p.from[layer.Digest]; isWanted && !slices.Contains(from, other) {
					p.from[layer.Digest] = append(from, other)
					target.From = append(target.From, other)
				}
			}
		}
	}
	slices.Sort(target.From)
	target.From = slices.Compact(target.From)
	p.to, err = p.Registry.Open(ctx, target)
	if err != nil && target.From != nil && ctx.Err() == nil {
		target.From, p.from = nil, nil // perhaps we may not read one of them
		p.to, err = p.Registry.Open(ctx, target)
	}
	return err
}

// elsewhere are the other repositories on the registry that an image is called after.
func (p *push) elsewhere(img image.Image) (paths []string) {
	for _, name := range img.Names {
		if n, err := images.Parse(name); err == nil && n.Domain == p.name.Domain && n.Path != p.name.Path {
			paths = append(paths, n.Path)
		}
	}
	return paths
}

// image sends one image.
func (p *push) image(ctx context.Context, img image.Image, tag string) error {
	if _, err := image.Read(p.Store.Layout, img.Descriptor, true); err != nil {
		return err
	}
	all, together := errgroup.WithContext(ctx)
	all.SetLimit(atOnce)
	seen := map[digest.Digest]bool{}
	for _, layer := range img.Manifest.Layers {
		if seen[layer.Digest] {
			continue
		}
		seen[layer.Digest] = true
		all.Go(func() error {
			return p.blob(together, layer, p.Display.Row(images.ShortID(layer.Digest.String())))
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	if err := p.blob(ctx, img.Manifest.Config, nil); err != nil {
		return err
	}
	text, err := p.read(img.Descriptor)
	if err != nil {
		return err
	}
	if err := p.to.PutManifest(ctx, tag, img.Descriptor, text); err != nil {
		return err
	}
	p.Display.Println(tag+":", "digest:", img.Descriptor.Digest, "size:", img.Descriptor.Size)
	return nil
}

// blob has the repository have a blob. The row may be nil.
func (p *push) blob(ctx context.Context, desc ocispec.Descriptor, row *progress.Row) error {
	state, err := p.provide(ctx, desc, row)
	if err == nil && row != nil {
		row.Say(state)
	}
	return err
}

// provide does so, and tells how, in Docker's words.
func (p *push) provide(ctx context.Context, desc ocispec.Descriptor, row *progress.Row) (state string, err error) {
	if has, err := p.to.Has(ctx, desc.Digest); has || err != nil {
		return "Layer already exists", err
	}
	for _, from := range p.from[desc.Digest] {
		if p.to.Mount(ctx, desc.Digest, from) {
			return "Mounted from " + from, nil
		}
	}
	return "Pushed", p.to.PutBlob(ctx, desc, func() (io.ReadCloser, error) {
		content, err := p.Store.Blob(desc.Digest)
		if err != nil || row == nil {
			return content, err
		}
		return struct {
			io.Reader
			io.Closer
		}{row.Reader(content, "Pushing", desc.Size), content}, nil
	})
}

// read returns a small blob.
func (p *push) read(desc ocispec.Descriptor) ([]byte, error) {
	content, err := p.Store.Blob(desc.Digest)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(content)
}

// missing is the error for a name that no image has, in Docker's words.
func missing(name images.Name) error {
	name.Tag = ""
	return fmt.Errorf("An image does not exist locally with the tag: %s", name.Familiar()) //nolint:staticcheck // as Docker begins
}
