// Package show tells what is known of images, as Docker shows it.
//
// The problem: what there is to know of an image is in four documents: the list of images, the
// manifest, the config, and how large its files are. People want a line of it, programs JSON,
// and both know Docker's columns and fields.
//
//	list.go       docker images: a row for each name
//	select.go     which images that are: names with *, and --filter
//	history.go    docker history: a row for each step that made it, the last first
//	inspect.go    docker image inspect: JSON
//
// Rows and objects are made here, and written by package format. CREATED is when the image was
// made, as its config says; SIZE that of all its files, unpacked, with those of layers that other
// images have too.
//
// To read: docker-images(1), docker-history(1), docker-image-inspect(1); the OCI image
// specification, config.md.
package show

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/images"
	"drydock/final/images/catalog"
	"drydock/final/images/size"
	"drydock/stage4-images/image"
)

// A Row is a line of docker images. The order of the fields is that of Docker's JSON.
type Row struct {
	Containers, CreatedAt, CreatedSince, Digest, ID, Repository, SharedSize, Size, Tag, UniqueSize string
}

// RowHeader is what stands above a list of images.
var RowHeader = format.Header{
	"Containers": "CONTAINERS", "CreatedAt": "CREATED AT", "CreatedSince": "CREATED", "Digest": "DIGEST", "ID": "IMAGE ID",
	"Repository": "REPOSITORY", "SharedSize": "SHARED SIZE", "Size": "SIZE", "Tag": "TAG", "UniqueSize": "UNIQUE SIZE",
}

// columns are what docker images shows if nothing else is wanted.
const (
	columns       = "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
	digestColumns = "table {{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
)

// ListFilters are the filters that List knows.
var ListFilters = []string{"dangling", "label", "before", "since", "until", "reference"}

// A Listing says which images to list, and how.
type Listing struct {
	All     bool   // also those without a tag
	Name    string // NAME[:TAG], which may have * in it, or ""
	Filters filter.Set
	Digests bool // a row for each digest, too
	Whole   bool // whole ids
	Users   []catalog.User
	Now     time.Time

	ofTags  bool // the digests of what has tags are shown
	idsOnly bool // nothing else is shown: sizes need not be known
}

// As is the listing for rows that are written as text says, which a user has given, and how they are
// written. The text may call for digests, or they for it.
func (l Listing) As(text string, quiet bool) (Listing, format.List, error) {
	const digest = "{{.Digest}}"
	usual := columns
	if l.Digests {
		usual = digestColumns
	}
	if text != "table" && strings.HasPrefix(text, "table") && l.Digests && !strings.Contains(text, digest) {
		text += "\t" + digest
	}
	l.idsOnly = quiet && (text == "" || text == "table")
	l.ofTags = l.Digests || strings.Contains(text, digest)
	list, err := format.Parse(text, usual, quiet)
	return l, list, err
}

// List returns the rows of images. If layers cannot be read, their images have no size, and the
// error has the reasons.
func List(s *image.Store, c catalog.Catalog, l Listing) (rows []Row, err error) {
	wanted, err := l.selected(c)
	if err != nil {
		return nil, err
	}
	for _, img := range wanted {
		text := unknown
		if !l.idsOnly {
			sizes, damage := size.Of(s, img.Image)
			if err = errors.Join(err, damage); damage == nil {
				text = units.HumanSizeWithPrecision(float64(sizes.Total(img.Image)), 3)
			}
		}
		rows = append(rows, l.rows(img, text)...)
	}
	return rows, err
}

// rows are those of one image: of each tag, of each digest or of one in a repository that has no
// tag, or one without any.
func (l Listing) rows(img catalog.Image, size string) (rows []Row) {
	row := Row{
		Containers: strconv.Itoa(l.containers(img)), ID: id(img.ID().String(), l.Whole),
		CreatedAt: unixTime(img.Config.Created).String(), CreatedSince: since(img.Config.Created, l.Now),
		Size: size, SharedSize: unknown, UniqueSize: unknown,
	}
	add := func(repository, tag, digest string) {
		row.Repository, row.Tag, row.Digest = repository, tag, digest
		rows = append(rows, row)
	}
	listed := map[string]bool{}
	for _, name := range img.Tags {
		repository, tag := image.Split(name)
		listed[repository] = true
		digests := l.digestsOf(img, repository)
		for _, digest := range digests {
			add(repository, tag, digest)
		}
		if len(digests) == 0 {
			add(repository, tag, none)
		}
	}
	for _, name := range img.Digests {
		repository, digest := image.Split(name)
		if listed[repository] {
			continue
		}
		if !l.Digests { // one row for all that it has there
			listed[repository], digest = true, ""
		}
		add(repository, none, digest)
	}
	if len(rows) == 0 {
		add(none, none, none)
	}
	return rows
}

// What is shown in the place of what is not there.
const (
	none    = "<none>"
	unknown = "N/A"
)

// digestsOf are those that an image has in a repository, if they are shown.
func (l Listing) digestsOf(img catalog.Image, repository string) (digests []string) {
	for _, name := range img.Digests {
		if other, digest := image.Split(name); l.ofTags && other == repository {
			digests = append(digests, digest)
		}
	}
	return digests
}

func (l Listing) containers(img catalog.Image) (count int) {
	for _, user := range l.Users {
		if user.Image == img.ID() {
			count++
		}
	}
	return count
}

// id is an id as it is shown.
func id(digest string, whole bool) string {
	if whole {
		return digest
	}
	return images.ShortID(digest)
}

// unixTime is a time in seconds, as Docker keeps it; without one, it is 1970.
func unixTime(at *time.Time) time.Time {
	if at == nil {
		return time.Unix(0, 0)
	}
	return time.Unix(at.Unix(), 0)
}

// since is how long ago something was.
func since(at *time.Time, now time.Time) string {
	return units.HumanDuration(now.Sub(unixTime(at))) + " ago"
}
