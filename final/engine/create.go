package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"drydock/final/container"
	"drydock/final/images/catalog"
	"drydock/final/images/show"
	"drydock/final/mounts/point"
	"drydock/final/mounts/volumes"
	"drydock/internal/defaults"
	"drydock/internal/record"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Create makes a container of what its user has said, and returns its id. Nothing runs yet. An image that is not there is a
// catalog.NotFound.
func (e *Engine) Create(c container.Config) (id string, err error) {
	imagesHeld, err := e.Images.Hold()
	if err != nil {
		return "", err
	}
	defer imagesHeld.Close()
	if err := e.provide(&c); err != nil {
		return "", err
	}
	c.ID, c.Parent = record.NewID(), defaults.CgroupParent()
	if c.Name = strings.TrimPrefix(c.Name, "/"); c.Name == "" {
		if c.Name, err = e.freeName(); err != nil {
			return "", err
		}
	}
	driver, err := e.driver("")
	if err != nil {
		return "", err
	}
	c.Storage = driver.Name()
	c.Log = c.Log.With(container.Log{Driver: e.Config.LogDriver, Options: e.Config.LogOptions})
	if err := c.Derive(); err != nil {
		return "", err
	}
	if err := errors.Join(e.findOthers(&c), e.findSources(&c), check(&c)); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.Volumes.Sweep(c.ID)) }() // those of a container that was not made
	volumesHeld, err := e.Volumes.Hold()
	if err != nil {
		return "", err
	}
	defer volumesHeld.Close()
	points, err := e.grant(c)
	if err != nil {
		return "", err
	}
	c.Overlay.Dir = e.Containers.Dir(c.ID)
	c.Root.Root = driver.Root(c.Overlay)
	e.provideFiles(&c, points)
	return c.ID, e.write(c, points)
}

// check refuses what the host has not got, or the container not to itself.
func check(c *container.Config) error { return errors.Join(look(c.Devices), checkSysctls(*c)) }

// freeName is a name that no container has.
func (e *Engine) freeName() (string, error) {
	for {
		name := container.RandomName()
		if _, err := e.Containers.Named(name); errors.Is(err, os.ErrNotExist) {
			return name, nil
		} else if err != nil {
			return "", err
		}
	}
}

// write makes the container's record, and the file that its id is to be in.
func (e *Engine) write(c container.Config, points []point.Point) error {
	// It stays, though it may be removed at its end one day: until it has been started.
	r := record.Record{ID: c.ID, Name: c.Name, Args: c.Program.Args, Keep: true}
	if err := c.Note(&r); err != nil {
		return err
	}
	if err := point.Note(&r, points); err != nil {
		return err
	}
	file, err := newIDFile(c.CIDFile)
	if err != nil {
		return err
	}
	if err := e.Containers.Create(r); err != nil {
		if file != nil {
			err = errors.Join(err, file.Close(), os.Remove(c.CIDFile))
		}
		return worded(err, c.Name)
	}
	e.TellContainer("create", r)
	if file == nil {
		return nil
	}
	_, err = file.WriteString(c.ID)
	return errors.Join(err, file.Close())
}

// worded has an error about a name be in Docker's words.
func worded(err error, name string) error {
	if errors.As(err, new(record.BadName)) {
		return fmt.Errorf("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name) //nolint:staticcheck // as Docker begins
	}
	if taken, isTaken := errors.AsType[record.TakenName](err); isTaken {
		//nolint:staticcheck,revive // as Docker begins, and ends
		return fmt.Errorf("Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.",
			"/"+taken.Name, taken.ID)
	}
	return err
}

// newIDFile makes the file for a container's id, if one is wanted: it must not be there.
func newIDFile(path string) (*os.File, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("container ID file found, make sure the other container isn't running or delete %s", path)
	} else if err != nil {
		return nil, fmt.Errorf("failed to create the container ID file: %w", err)
	}
	return file, nil
}

// provide gives the container its layers: a directory, or those of an image, unpacked.
func (e *Engine) provide(c *container.Config) error {
	if c.Rootfs {
		c.OnRootfs()
		return nil
	}
	img, err := e.findImage(c.Image)
	if err != nil {
		return err
	}
	if has := path.Join(img.Config.OS, img.Config.Architecture); c.Platform != "" && !strings.HasPrefix(c.Platform+"/", has+"/") {
		return fmt.Errorf("image with reference %s was found but its platform (%s) does not match the specified platform (%s)", c.Image, has, c.Platform)
	}
	layers, err := e.Images.Unpack(img, apply)
	if err != nil {
		return err
	}
	var whole struct{ Config show.Config }
	if err := e.Images.Document(img.Manifest.Config, ocispec.MediaTypeImageConfig, &whole); err != nil {
		return err
	}
	return c.OnImage(img.ID().String(), whole.Config, layers)
}

// apply is how layers are unpacked.
func apply(blob io.Reader, dir string) (digest.Digest, error) {
	return layer.Apply(blob, dir, layer.Usual)
}

// findImage finds the image that a user means.
func (e *Engine) findImage(ref string) (image.Image, error) {
	all, damaged := catalog.Read(e.Images)
	found, err := all.Find(ref, damaged)
	return found.Image, err
}

// grant makes a container's mounts of what its user has said, and the volumes that are missing. The store of volumes is held.
func (e *Engine) grant(c container.Config) ([]point.Point, error) {
	var inherited []point.Point
	for _, spec := range c.Mounts.VolumesFrom {
		some, err := point.Inherit(spec, func(ref string) ([]point.Point, error) {
			r, err := e.Find(ref)
			if err != nil {
				return nil, err
			}
			return point.Of(r)
		})
		if err != nil {
			return nil, err
		}
		inherited = append(inherited, some...)
	}
	points, err := point.Points(inherited, c.Mounts, c.Declared)
	if err != nil {
		return nil, err
	}
	made, err := volumes.Provide(e.Volumes, points, c.ID)
	for _, name := range made {
		e.Tell("volume", "create", name, map[string]string{"driver": "local"})
	}
	return points, err
}
