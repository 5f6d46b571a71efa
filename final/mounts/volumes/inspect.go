package volumes

import (
	"time"

	"drydock/stage5-volumes/volume"
)

// An Object is a volume as docker volume inspect shows it.
type Object struct {
	CreatedAt  string
	Driver     string
	Labels     map[string]string
	Mountpoint string
	Name       string
	Options    map[string]string
	Scope      string
}

// Inspect returns what is known of a volume.
func Inspect(s *volume.Store, name string) (Object, error) {
	v, err := s.Find(name)
	return Object{
		CreatedAt: v.CreatedAt.Format(time.RFC3339), Driver: "local", Labels: labels(v), Mountpoint: s.Data(name), Name: name,
		Options: v.Options, Scope: "local",
	}, err
}
