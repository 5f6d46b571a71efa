package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/internal/flags"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

const commitHelp = `Usage: stage4 commit CONTAINER NAME[:TAG]

Make an image of a container: its image, and one more layer with what it has changed.
`

func commit(c call) (int, error) {
	rest, err := flags.Arguments(nil, c.args, 2, 2, commitHelp, c.stdout)
	if err != nil {
		return 125, err
	}
	if _, err := image.Normalize(rest[1]); err != nil {
		return 1, err
	}
	_, r, err := c.find(rest[0])
	if err != nil {
		return 1, err
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return 1, err
	}
	if config.Rootfs {
		return 1, fmt.Errorf("container %s is on the directory %s, not on an image: import that directory first", r.Name, config.Image)
	}
	images, err := image.Open(c.root)
	if err != nil {
		return 1, err
	}
	base, err := images.Find(config.ImageID)
	if err != nil {
		return 1, err
	}
	changes, diffID, err := putLayer(images, config.Overlay.Upper())
	if err != nil {
		return 1, err
	}
	img, err := images.Add(extended(base.Config, diffID, r.Args), append(base.Manifest.Layers, changes), rest[1])
	if err != nil {
		return 1, err
	}
	fmt.Fprintln(c.stdout, img.ID())
	return 0, nil
}

// putLayer stores a directory as a layer, compressed, without a file in between.
func putLayer(images *image.Store, dir string) (ocispec.Descriptor, digest.Digest, error) {
	hash := digest.Canonical.Digester()
	reader, writer := io.Pipe()
	go func() {
		out := layer.Compress(writer)
		err := layer.Write(io.MultiWriter(out, hash.Hash()), dir)
		writer.CloseWithError(errors.Join(err, out.Close()))
	}()
	blob, err := images.Put(ocispec.MediaTypeImageLayerGzip, reader, "")
	reader.CloseWithError(err) // if nobody reads on, the writer is to end too
	return blob, hash.Digest(), err
}

// extended is an image's description with one more layer, made by a command.
func extended(config ocispec.Image, diffID digest.Digest, args []string) ocispec.Image {
	now := time.Now().UTC()
	config.Created = &now
	config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diffID)
	config.History = append(config.History, ocispec.History{Created: &now, CreatedBy: strings.Join(args, " ")})
	return config
}
