package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
	"drydock/stage7-links/link"
)

// provide gives the container its layers: a directory, or those of an image, unpacked. It returns
// the places for which the image wants volumes.
func provide(images *image.Store, config *Config) (declared []string, err error) {
	if config.Rootfs {
		config.onRootfs()
		return nil, nil
	}
	img, err := images.Find(config.Image)
	if err != nil {
		return nil, err
	}
	layers, err := images.Unpack(img, apply)
	if err != nil {
		return nil, err
	}
	config.ImageID = img.ID().String()
	return slices.Sorted(maps.Keys(img.Config.Config.Volumes)), config.onImage(img.Config.Config, layers)
}

// apply is how layers are unpacked.
func apply(blob io.Reader, dir string) (digest.Digest, error) {
	return layer.Apply(blob, dir, layer.Usual)
}

// onRootfs has the container be on a directory.
func (c *Config) onRootfs() {
	c.Root.Root = c.Image
	c.Overlay.Layers = append([]string{c.Image}, c.Overlay.Layers...)
}

// onImage has the container be on the layers of an image, and fills in from its
// configuration what the command line leaves open.
func (c *Config) onImage(img ocispec.ImageConfig, layers []string) error {
	if len(layers) == 0 {
		return fmt.Errorf("the image %s has no layers: there is nothing to run in", c.Image)
	}
	c.Root.Root = layers[len(layers)-1]
	c.Overlay.Layers = append(layers, c.Overlay.Layers...)
	p := &c.Program
	if len(p.Args) == 0 {
		p.Args = img.Cmd
	}
	p.Args = append(slices.Clone(img.Entrypoint), p.Args...)
	if len(p.Args) == 0 {
		return fmt.Errorf("the image %s says no command: give one", c.Image)
	}
	// A variable without a value is for -e to take from here; an image has no right to that.
	env := slices.DeleteFunc(slices.Clone(img.Env), func(variable string) bool { return !strings.Contains(variable, "=") })
	p.Env = append(env, p.Env...)
	p.Dir, p.User = cmp.Or(p.Dir, img.WorkingDir), cmp.Or(p.User, img.User)
	for spec := range img.ExposedPorts {
		ports, err := link.Expose(spec)
		if err != nil {
			return fmt.Errorf("the image %s exposes a port that is none: %w", c.Image, err)
		}
		c.Exposed = append(c.Exposed, ports...)
	}
	return nil
}
