package show

import (
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"drydock/final/images/catalog"
	"drydock/final/images/size"
	"drydock/stage4-images/image"
)

// An Object is an image as docker image inspect shows it. Docker has GraphDriver too, which is
// about where its storage driver has the layers.
type Object struct {
	ID           string `json:"Id"`
	RepoTags     []string
	RepoDigests  []string
	Comment      string `json:",omitempty"`
	Created      string `json:",omitempty"`
	Author       string `json:",omitempty"`
	Config       Config
	Architecture string
	Variant      string `json:",omitempty"`
	Os           string
	OsVersion    string `json:",omitempty"`
	Size         int64
	RootFS       struct {
		Type   string
		Layers []digest.Digest
	}
	Metadata struct{ LastTagTime time.Time } // that is not kept: it is always the zero time
}

// A Config is how a container of an image starts, with what only Docker has.
type Config struct {
	ocispec.ImageConfig
	Healthcheck *Healthcheck `json:",omitempty"`
	OnBuild     []string     `json:",omitempty"`
	Shell       []string     `json:",omitempty"`
}

// A Healthcheck is how to tell whether the program of a container still works.
type Healthcheck struct {
	Test          []string      `json:",omitempty"` // CMD and arguments, CMD-SHELL and a line, or NONE
	Interval      time.Duration `json:",omitempty"`
	Timeout       time.Duration `json:",omitempty"`
	StartPeriod   time.Duration `json:",omitempty"`
	StartInterval time.Duration `json:",omitempty"`
	Retries       int           `json:",omitempty"`
}

// Inspect returns all that is known of an image.
func Inspect(s *image.Store, img catalog.Image) (o Object, err error) {
	var whole struct{ Config Config }
	if err := s.Document(img.Manifest.Config, ocispec.MediaTypeImageConfig, &whole); err != nil {
		return o, err
	}
	sizes, err := size.Of(s, img.Image)
	config := img.Config
	o = Object{
		ID: img.ID().String(), RepoTags: append([]string{}, img.Tags...), RepoDigests: append([]string{}, img.Digests...),
		Author: config.Author, Config: whole.Config, Architecture: config.Architecture, Variant: config.Variant,
		Os: config.OS, OsVersion: config.OSVersion, Size: sizes.Total(img.Image),
	}
	if n := len(config.History); n > 0 {
		o.Comment = config.History[n-1].Comment
	}
	if config.Created != nil {
		o.Created = config.Created.Format(time.RFC3339Nano)
	}
	o.RootFS.Type, o.RootFS.Layers = config.RootFS.Type, config.RootFS.DiffIDs
	return o, err
}
