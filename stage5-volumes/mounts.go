package main

import (
	"os"

	"drydock/internal/record"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
)

// provideMounts gives the container its mounts: those of other containers, those that the
// command line says, and those that its image declares. The store of volumes is held.
func provideMounts(volumes *volume.Store, store *record.Store, config *Config) error {
	var inherited []volume.Mount
	for _, spec := range config.From {
		mounts, err := volume.Inherit(spec, func(ref string) ([]volume.Mount, error) {
			r, err := store.Find(ref)
			if err != nil {
				return nil, err
			}
			return volume.Of(r)
		})
		if err != nil {
			return err
		}
		inherited = append(inherited, mounts...)
	}
	var err error
	if config.Mounts, err = volume.Merge(inherited, config.Mounts, config.Declared); err != nil {
		return err
	}
	return volumes.Provide(config.Mounts, config.ID)
}

// openMounts opens what is to be mounted, in the same order: for init to inherit.
func openMounts(mounts []volume.Mount) (trees []*os.File, err error) {
	for _, m := range mounts {
		tree, err := bind.Open(m.Mount)
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
