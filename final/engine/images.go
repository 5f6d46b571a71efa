package engine

import (
	"path/filepath"

	"github.com/opencontainers/go-digest"

	"drydock/final/container"
	"drydock/final/images/catalog"
	"drydock/stage3-unionfs/overlay"
)

// ImageUsers are the containers, as far as images are concerned: the stages' too.
func (e *Engine) ImageUsers() (users []catalog.User, err error) {
	all, err := e.Containers.List()
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		var c struct {
			ImageID string
			Overlay overlay.Config
		}
		if err := r.Get(container.Part, &c); err != nil {
			continue // of no program that knows images
		}
		u := catalog.User{Container: r.ID, Image: digest.Digest(c.ImageID), Running: r.IsRunning()}
		for _, layer := range c.Overlay.Layers {
			if filepath.Dir(layer) == e.Images.Layers {
				u.Layers = append(u.Layers, digest.NewDigestFromEncoded(digest.SHA256, filepath.Base(layer)))
			}
		}
		users = append(users, u)
	}
	return users, nil
}
