package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"drydock/internal/record"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
	"drydock/stage7-links/link"
)

// Wishes are what a container's mounts and links are made of.
type wishes struct {
	given    []volume.Mount // on the command line
	from     []string       // containers whose mounts it has too
	declared []string       // places for which the image wants volumes
	links    []link.Wish    // containers that it is to know
}

// grant makes a container's mounts of them, and the volumes that are missing. The store of
// volumes is held.
func (w wishes) grant(volumes *volume.Store, store *record.Store, container string) ([]volume.Mount, error) {
	var inherited []volume.Mount
	for _, spec := range w.from {
		mounts, err := volume.Inherit(spec, func(ref string) ([]volume.Mount, error) {
			r, err := store.Find(ref)
			if err != nil {
				return nil, err
			}
			return volume.Of(r)
		})
		if err != nil {
			return nil, err
		}
		inherited = append(inherited, mounts...)
	}
	mounts, err := volume.Merge(inherited, w.given, w.declared)
	if err != nil {
		return nil, err
	}
	return mounts, volumes.Provide(mounts, container)
}

// openMounts opens what is to be mounted, in the same order: for init to inherit.
func openMounts(mounts []volume.Mount) (trees []*os.File, err error) {
	for _, m := range mounts {
		m.MustExist = m.Name != ""
		tree, err := bind.Open(m.Mount)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("volume %s has lost its content: %w: put it back, or remove the volume", m.Name, err)
		}
		if err != nil {
			closeMounts(trees)
			return nil, err
		}
		trees = append(trees, tree)
	}
	return trees, nil
}

func closeMounts(trees []*os.File) {
	for _, tree := range trees {
		tree.Close() // nothing was written: there is nothing that could fail
	}
}

// noteFilled notes that a container's volumes have had their first content: by the first program
// that ran in it. What a later start finds in those places is the container's own.
func noteFilled(store *record.Store, config order) error {
	filled := slices.Clone(config.Mounts)
	for i := range filled {
		filled[i].Fill = false
	}
	if slices.Equal(filled, config.Mounts) {
		return nil
	}
	_, err := store.Update(config.ID, func(r *record.Record) error { return volume.Note(r, filled) })
	return err
}
