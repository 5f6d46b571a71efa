package disk

import (
	"fmt"
	"io"

	"drydock/final/container/show"
	"drydock/final/format"
	"drydock/final/images"
	imageshow "drydock/final/images/show"
	"drydock/final/mounts/volumes"
)

var header = format.Header{"Active": "ACTIVE", "Reclaimable": "RECLAIMABLE", "Size": "SIZE", "TotalCount": "TOTAL", "Type": "TYPE"}

// Format is how the sums are written: as text says, which a user has given.
func Format(text string) (format.List, error) {
	return format.Parse(text, "table {{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}", false)
}

// Write writes the sums.
func (r Report) Write(w io.Writer, list format.List) error {
	return format.Write(w, list, header, r.Rows())
}

// A Detail is each thing, as templates see it.
type Detail struct {
	Images     []Image
	Containers []show.Row
	Volumes    []volumes.Row
	BuildCache []struct{}
}

// Details are all things, of which nothing is cut.
func (r Report) Details(l show.Listing) Detail {
	l.Whole = true
	d := Detail{append([]Image{}, r.Images...), append([]show.Row{}, l.Rows(r.Containers)...), []volumes.Row{}, []struct{}{}} // null would be no list
	for _, v := range r.Volumes {
		d.Volumes = append(d.Volumes, v.Row)
	}
	return d
}

// WriteDetails writes each thing, for people.
func (r Report) WriteDetails(w io.Writer, l show.Listing) error {
	l.Whole = false
	fmt.Fprint(w, "Images space usage:\n\n")
	rows := make([]imageshow.Row, len(r.Images))
	for i, img := range r.Images {
		rows[i] = img.Row
		rows[i].ID = images.ShortID(img.ID)
	}
	err := table(w, "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}", imageshow.RowHeader, rows)
	if err != nil {
		return err
	}
	fmt.Fprint(w, "\nContainers space usage:\n\n")
	err = table(w, "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}", show.RowHeader, l.Rows(r.Containers))
	if err != nil {
		return err
	}
	fmt.Fprint(w, "\nLocal Volumes space usage:\n\n")
	if err := table(w, "{{.Name}}\t{{.Links}}\t{{.Size}}", volumes.Header, r.Details(l).Volumes); err != nil {
		return err
	}
	_, err = fmt.Fprint(w, "\nBuild cache usage: 0B\n\nCACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n")
	return err
}

func table[R any](w io.Writer, columns string, header format.Header, rows []R) error {
	list, err := format.Parse("", "table "+columns, false)
	if err != nil {
		return err
	}
	return format.Write(w, list, header, rows)
}
