package volumes

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"drydock/final/filter"
	"drydock/final/mounts/local"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// PruneFilters are the filters that Prune knows.
var PruneFilters = []string{"all", "label", "label!"}

// A Pruned is what was removed.
type Pruned struct {
	Names []string
	Freed int64 // bytes
}

// CheckPrune refuses --all together with the filter that says the same or the opposite.
func CheckPrune(all bool, filters filter.Set) error {
	if all && filters.Has("all") {
		return errors.New("conflicting options: cannot specify both --all and --filter all=1")
	}
	return nil
}

// Prune removes the volumes that no container has, and that nobody has given a name; or with all, as
// a flag or a filter, all that no container has. Those with something mounted stay, as in Docker:
// nothing would be freed.
func Prune(s *volume.Store, containers []record.Record, all bool, filters filter.Set) (p Pruned, err error) {
	if all, err = wantsAll(all, filters); err != nil {
		return p, err
	}
	used, err := usedBy(containers)
	if err != nil {
		return p, err
	}
	volumes, err := s.List()
	for _, v := range volumes {
		spared := filters.Has("label!") && filters.Labels("label!", labels(v))
		wanted := (all || v.Anonymous) && !spared && filters.Labels("label", labels(v))
		if !wanted || used[v.Name] || local.Mounts(v.Options) {
			continue
		}
		freed, unknown := size(s.Data(v.Name))
		if failed := s.Remove(v.Name); failed != nil { // a container may have come meanwhile
			err = errors.Join(err, failed)
			continue
		}
		err = errors.Join(err, unknown)
		p.Names, p.Freed = append(p.Names, v.Name), p.Freed+freed
	}
	return p, err
}

func wantsAll(all bool, filters filter.Set) (bool, error) {
	switch values := filters["all"]; len(values) {
	case 0:
		return all, nil
	case 1:
		wants, err := strconv.ParseBool(values[0])
		if err != nil {
			return false, fmt.Errorf("invalid filter 'all': %w: give true or false", err)
		}
		return wants, nil
	default:
		return false, fmt.Errorf("invalid filter 'all=%s': only one value is expected", slices.Sorted(slices.Values(values)))
	}
}

// size is how many bytes the files in a directory have; one with several names counts once.
func size(dir string) (bytes int64, err error) {
	seen := map[uint64]bool{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(path, &stat); err != nil {
			return err
		}
		if !seen[stat.Ino] {
			bytes += stat.Size
		}
		seen[stat.Ino] = true
		return nil
	})
	return bytes, err
}
