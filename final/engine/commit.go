package engine

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/final/container/inspect"
	"drydock/final/images/change"
	"drydock/final/images/show"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/internal/record"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// A Commit is how an image is made of a container.
type Commit struct {
	Name            string // as the store has it, or none
	Author, Message string
	Changes         []string // instructions of a Dockerfile
	Pause           bool     // the container stands still meanwhile
}

// A document is an image's, with what only Docker has.
type document struct {
	ocispec.Image
	Config show.Config `json:"config"`
}

// Commit makes an image of a container, and returns its id: its own image, with one more layer of what it has changed, and
// starting as it has been started.
func (e *Engine) Commit(r record.Record, how Commit) (id digest.Digest, err error) {
	c, err := container.Of(r)
	if err != nil {
		return "", err
	}
	if c.Rootfs || c.ImageID == "" {
		return "", fmt.Errorf("container %s is on the directory %s, not on an image: import that directory first", r.Name, c.Image)
	}
	held, err := e.Images.Hold()
	if err != nil {
		return "", err
	}
	defer held.Close()
	base, err := e.findImage(c.ImageID)
	if err != nil {
		return "", err
	}
	if len(c.Overlay.Layers) != len(base.Manifest.Layers) {
		return "", fmt.Errorf("container %s was run with --layer: what is in that directory is in no image", r.Name)
	}
	d := document{Image: base.Config, Config: startsAs(c)}
	if err := change.Apply(&d.Config, how.Changes); err != nil {
		return "", err
	}
	now := time.Now().UTC()
	d.Created, d.Author = &now, how.Author
	step := ocispec.History{Created: &now, CreatedBy: strings.Join(r.Args, " "), Author: how.Author, Comment: how.Message}
	layers := slices.Clone(base.Manifest.Layers)
	blob, diffID, err := e.putChanges(r, c, how.Pause)
	if err != nil {
		return "", err
	}
	if step.EmptyLayer = diffID == ""; !step.EmptyLayer {
		layers = append(layers, blob)
		d.RootFS.DiffIDs = append(slices.Clone(d.RootFS.DiffIDs), diffID)
	}
	d.History = append(slices.Clone(d.History), step)
	if id, err = e.addImage(d, layers, how.Name); err == nil {
		if how.Name != "" {
			e.Tell("image", "tag", id.String(), map[string]string{"name": how.Name})
		}
		e.TellContainer("commit", r, "comment", how.Message, "imageID", id.String(), "imageRef", how.Name)
	}
	return id, err
}

// startsAs is how containers of the image start: as this one, whatever its host and its name are.
func startsAs(c container.Config) show.Config {
	own := inspect.ConfigOf(c)
	return show.Config{
		ImageConfig: ocispec.ImageConfig{
			User: own.User, ExposedPorts: own.ExposedPorts, Env: own.Env, Entrypoint: own.Entrypoint, Cmd: own.Cmd, Volumes: own.Volumes,
			WorkingDir: own.WorkingDir, Labels: own.Labels, StopSignal: own.StopSignal,
		},
		Healthcheck: own.Healthcheck, Shell: own.Shell,
	}
}

// putChanges stores what a container has changed as a layer. If that is nothing, there is no diff id.
func (e *Engine) putChanges(r record.Record, c container.Config, pause bool) (blob ocispec.Descriptor, diffID digest.Digest, err error) {
	if pause && r.IsRunning() {
		group, err := e.group(r)
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
	changes, err := e.Changes(r)
	if err != nil || len(changes) == 0 {
		return blob, "", err
	}
	if c.Storage != "overlay" {
		return blob, "", fmt.Errorf("container %s has a whole copy of its image (storage driver %s), and no layer of its own: export it, and import that", r.Name, c.Storage)
	}
	return e.putLayer(c.Overlay.Upper())
}

// putLayer stores a directory as a layer, compressed, without a file in between. Paths are looked up below that directory only: the
// container may run, and exchange a directory for a link to the host's files.
func (e *Engine) putLayer(dir string) (ocispec.Descriptor, digest.Digest, error) {
	hash := digest.Canonical.Digester()
	reader, writer := io.Pipe()
	go func() {
		out := layer.Compress(writer)
		err := alone.Thread(func() error {
			if err := kernel.Unshare("the root directory is this thread's own", unix.CLONE_FS); err != nil {
				return err
			}
			if err := kernel.Chroot("no link leads out of the layer", dir); err != nil {
				return err
			}
			return layer.Write(io.MultiWriter(out, hash.Hash()), "/")
		})
		writer.CloseWithError(errors.Join(err, out.Close()))
	}()
	blob, err := e.Images.Put(ocispec.MediaTypeImageLayerGzip, reader, "")
	reader.CloseWithError(err) // if nobody reads on, the writer is to end too
	if err != nil {
		return blob, "", err
	}
	return blob, hash.Digest(), nil
}

// addImage adds an image to the store. Its layers are there. Without a name it is known by its id.
func (e *Engine) addImage(d document, layers []ocispec.Descriptor, name string) (id digest.Digest, err error) {
	manifest := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Layers: layers}
	manifest.SchemaVersion = 2
	if manifest.Config, err = e.Images.PutJSON(ocispec.MediaTypeImageConfig, d); err != nil {
		return "", err
	}
	stored, err := e.Images.PutJSON(ocispec.MediaTypeImageManifest, manifest)
	if err != nil {
		return "", err
	}
	if _, err := image.Read(e.Images.Layout, stored, true); err != nil {
		return "", err
	}
	return manifest.Config.Digest, e.Images.Tag(stored, name)
}
