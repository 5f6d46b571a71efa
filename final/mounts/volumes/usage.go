package volumes

import (
	"errors"
	"strconv"

	"github.com/docker/go-units"

	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// A Usage is a volume, and what it takes of the disk.
type Usage struct {
	Row
	Users int   // containers that have it
	Bytes int64 // of its files
}

// Usages returns all volumes, by name. Those that cannot be read are in the error.
func Usages(s *volume.Store, containers []record.Record) (all []Usage, err error) {
	users := map[string]int{}
	for _, r := range containers {
		used, err := usedBy([]record.Record{r})
		if err != nil {
			return nil, err
		}
		for name := range used {
			users[name]++
		}
	}
	volumes, err := s.List()
	for _, v := range volumes {
		u := Usage{Row: rowOf(s, v), Users: users[v.Name]}
		var unknown error
		u.Bytes, unknown = size(s.Data(v.Name))
		err = errors.Join(err, unknown)
		u.Links, u.Size = strconv.Itoa(u.Users), units.HumanSize(float64(u.Bytes))
		all = append(all, u)
	}
	return all, err
}
