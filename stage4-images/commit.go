package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

const commitHelp = `Usage: stage4 commit CONTAINER NAME[:TAG]

Make an image of a container: its image, and one more layer with what it has changed.
`

func commit(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 2, 2, commitHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	if _, err := image.Normalize(rest[1]); err != nil {
		return 1, err
	}
	_, r, err := find(c, rest[0])
	if err != nil {
		return 1, err
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return 1, err
	}
	if config.Image == "" {
		return 1, fmt.Errorf("container %s was made by %s, which knows no images", r.Name, r.Writer)
	}
	if config.Rootfs {
		return 1, fmt.Errorf("container %s is on the directory %s, not on an image: import that directory first", r.Name, config.Image)
	}
	images, err := image.Open(c.Root)
	if err != nil {
		return 1, err
	}
	held, err := images.Hold()
	if err != nil {
		return 1, err
	}
	defer held.Close()
	base, err := images.Find(config.ImageID)
	if err != nil {
		return 1, err
	}
	if len(config.Overlay.Layers) != len(base.Manifest.Layers) {
		return 1, fmt.Errorf("container %s was run with --layer: what is in that directory is in no image", r.Name)
	}
	changes, diffID, err := putChanges(images, r, config)
	if err != nil {
		return 1, err
	}
	img, err := images.Add(extended(base.Config, diffID, r.Args), append(base.Manifest.Layers, changes), rest[1])
	if err != nil {
		return 1, err
	}
	fmt.Fprintln(c.Stdout, img.ID())
	return 0, nil
}

// putChanges stores what a container has changed as a layer. Meanwhile it stands still, as with
// docker commit: or it could exchange a directory for a link to the host's files while we,
// who are not in it, go down that path.
func putChanges(images *image.Store, r record.Record, config Config) (blob ocispec.Descriptor, diffID digest.Digest, err error) {
	if r.IsRunning() {
		group, err := cgroup.Find(config.Parent, r.ID)
		if err != nil {
			return blob, "", err
		}
		defer group.Close()
		if frozen, err := group.Frozen(); err != nil || !frozen {
			if err := errors.Join(err, group.Freeze()); err != nil {
				return blob, "", err
			}
			defer func() { err = errors.Join(err, group.Thaw()) }()
		}
	}
	return putLayer(images, config.Overlay.Upper())
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
	if err != nil {
		return blob, "", err
	}
	return blob, hash.Digest(), nil
}

// extended is an image's description with one more layer, made by a command.
func extended(config ocispec.Image, diffID digest.Digest, args []string) ocispec.Image {
	now := time.Now().UTC()
	config.Created = &now
	config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, diffID)
	config.History = append(config.History, ocispec.History{Created: &now, CreatedBy: strings.Join(args, " ")})
	return config
}
