package engine

import (
	"errors"
	"slices"

	"drydock/final/container"
	"drydock/final/container/show"
	"drydock/final/images/catalog"
	"drydock/final/images/size"
	"drydock/final/storage"
	"drydock/internal/record"
)

// Known are all containers with what is known of them, the newest first. Of one whose record is damaged, that is less. What dead
// supervisors have left is cleaned up first, if there is such.
func (e *Engine) Known() ([]show.Container, error) {
	all, err := e.look()
	left := func(c show.Container) bool { return !c.IsUp() && c.Abandoned() }
	if err == nil && slices.ContainsFunc(all, left) {
		e.Sweep()
		all, err = e.look()
	}
	return all, err
}

func (e *Engine) look() ([]show.Container, error) {
	records, err := e.Containers.List()
	if err != nil {
		return nil, err
	}
	all := make([]show.Container, len(records))
	for i, r := range records {
		all[i], _ = show.Of(r, e.Status) // as far as it can be read: inspect tells the rest
	}
	return all, nil
}

// Describe is what is known of one container.
func (e *Engine) Describe(r record.Record) (show.Container, error) { return show.Of(r, e.Status) }

// Size is how much of the disk is a container's.
func (e *Engine) Size(c container.Config) (s show.Size, err error) {
	driver, err := e.driver(c.Storage)
	if err != nil {
		return s, err
	}
	if s.Own, err = storage.Size(driver, c.Overlay); err != nil || c.ImageID == "" {
		return s, err
	}
	img, err := e.findImage(c.ImageID)
	if errors.As(err, new(catalog.NotFound)) {
		return s, nil // it was removed by force
	} else if err != nil {
		return s, err
	}
	sizes, err := size.Of(e.Images, img)
	s.All = s.Own + sizes.Total(img)
	return s, err
}
