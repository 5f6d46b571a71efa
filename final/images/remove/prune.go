package remove

import (
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"drydock/final/filter"
	"drydock/final/images/catalog"
	"drydock/stage4-images/image"
)

// PruneFilters are the filters that Prune knows.
var PruneFilters = []string{"until", "label", "label!"}

// A Pruning says which images to prune.
type Pruning struct {
	All     bool // also those that have a tag
	Filters filter.Set
	Users   catalog.Users
	Now     time.Time
}

// Prune deletes the images that no container uses and that have no tag, or all that no
// container uses; and what has been left before.
func Prune(s *image.Store, p Pruning) (r Result, err error) {
	if _, err := p.Filters.Prunes(nil, nil, p.Now); err != nil { // also if there are no images
		return r, err
	}
	c, damaged := catalog.Read(s)
	if damaged != nil {
		return r, fmt.Errorf("nothing is pruned: %w: remove it, by its name", damaged)
	}
	users, err := p.Users()
	if err != nil {
		return r, err
	}
	var layers []digest.Digest
	for _, img := range c {
		wanted, err := p.Filters.Prunes(img.Config.Config.Labels, img.Config.Created, p.Now)
		if err != nil {
			return r, err
		}
		used, _ := usersOf(img.ID(), users)
		if !wanted || used != nil || len(img.Tags) > 0 && !p.All {
			continue
		}
		one, err := remove(s, img, request{Ref: img.ID().String(), Force: true, Dangling: !p.All, Unused: true, Users: p.Users})
		if errors.As(err, new(catalog.NotFound)) {
			continue // somebody else was faster
		} else if err != nil {
			return r, err
		}
		r.Untagged, r.Deleted = append(r.Untagged, one.Untagged...), append(r.Deleted, one.Deleted...)
		layers = append(layers, img.ChainIDs()...)
	}
	err = sweep(s, &r, layers, p.Users)
	return r, err
}
