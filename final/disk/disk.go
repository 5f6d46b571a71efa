// Package disk tells what takes how much of the disk: docker system df.
//
// The problem: images share layers, and containers share images, so the sizes that lists show add up to more than there is;
// and what people want to know is what they would gain.
//
// A layer counts once, however many images have it. What images could give back is what no image that a container uses
// has for itself alone: this is Docker's sum, which takes a layer for free that two such images share. Of
// containers it is what those have written that do not run, of volumes those that no container has.
//
//	disk.go    the sums
//	write.go   as Docker shows them
//
// In a shell: du -s --apparent-size layers/* containers/*/upper volumes/*/_data.
//
// To read: docker-system-df(1).
package disk

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docker/go-units"

	"drydock/final/container/show"
	"drydock/final/images/catalog"
	imageshow "drydock/final/images/show"
	"drydock/final/images/size"
	"drydock/final/mounts/volumes"
	"drydock/stage4-images/image"
)

// A Report is what there is.
type Report struct {
	Images     []Image
	Layers     int64 // bytes of all layers of images, each counted once
	Containers []show.Container
	Volumes    []volumes.Usage
	Damaged    error // what could not be measured
}

// An Image is one, and what it takes.
type Image struct {
	imageshow.Row
	VirtualSize string

	bytes, shared int64
	used          bool
}

// AddImages adds the images of a store to the report.
func (r *Report) AddImages(s *image.Store, users []catalog.User, now time.Time) error {
	all, damaged := catalog.Read(s)
	sizes := make([]size.Sizes, len(all))
	holders := map[string]int{} // how many images have a layer, by all that is below it and itself
	for i, img := range all {
		var err error
		sizes[i], err = size.Of(s, img.Image)
		damaged = errors.Join(damaged, err)
		for _, layer := range chains(img.Image) {
			holders[layer]++
		}
		all[i].Tags, all[i].Digests = first(img.Tags), nil // a row each
	}
	rows, err := imageshow.List(s, all, imageshow.Listing{All: true, Whole: true, Users: users, Now: now})
	if rows == nil && err != nil {
		return err
	}
	counted := map[string]bool{}
	for i, img := range all {
		one := Image{Row: rows[i], bytes: sizes[i].Total(img.Image), used: rows[i].Containers != "0"}
		for j, layer := range chains(img.Image) {
			bytes := sizes[i][img.Config.RootFS.DiffIDs[j]]
			if holders[layer] > 1 {
				one.shared += bytes
			}
			if !counted[layer] {
				r.Layers += bytes
			}
			counted[layer] = true
		}
		one.SharedSize, one.UniqueSize, one.VirtualSize = human(one.shared), human(one.bytes-one.shared), human(one.bytes)
		r.Images = append(r.Images, one)
	}
	r.Damaged = errors.Join(r.Damaged, damaged)
	return nil
}

func first(names []string) []string { return names[:min(1, len(names))] }

// chains are the layers of an image, each named by all diff ids up to its own.
func chains(img image.Image) (all []string) {
	var chain strings.Builder
	for _, diffID := range img.Config.RootFS.DiffIDs {
		chain.WriteString(diffID.String())
		all = append(all, chain.String())
	}
	return all
}

// A Row is a line of docker system df. The order of the fields is that of Docker's JSON.
type Row struct {
	Active, Reclaimable, Size, TotalCount, Type string
}

// Rows are the sums.
func (r Report) Rows() []Row {
	return []Row{r.images(), r.containers(), r.volumes(), row("Build Cache", 0, 0, 0, 0, false)}
}

func (r Report) images() Row {
	active, used := 0, int64(0)
	for _, img := range r.Images {
		if img.used {
			active++
			used += img.bytes - img.shared
		}
	}
	return row("Images", len(r.Images), active, r.Layers, r.Layers-used, true)
}

func (r Report) containers() Row {
	active, all, free := 0, int64(0), int64(0)
	for _, c := range r.Containers {
		all += c.Size.Own
		if c.IsUp() {
			active++
		} else {
			free += c.Size.Own
		}
	}
	return row("Containers", len(r.Containers), active, all, free, true)
}

func (r Report) volumes() Row {
	active, all, free := 0, int64(0), int64(0)
	for _, v := range r.Volumes {
		all += v.Bytes
		if v.Users > 0 {
			active++
		} else {
			free += v.Bytes
		}
	}
	return row("Local Volumes", len(r.Volumes), active, all, free, true)
}

func row(kind string, count, active int, all, free int64, percent bool) Row {
	r := Row{Type: kind, TotalCount: fmt.Sprint(count), Active: fmt.Sprint(active), Size: human(all), Reclaimable: human(free)}
	if all > 0 && percent {
		r.Reclaimable += fmt.Sprintf(" (%d%%)", free*100/all)
	}
	return r
}

func human(bytes int64) string { return units.HumanSize(float64(bytes)) }
