package show

import (
	"path"
	"slices"
	"time"

	"drydock/final/images"
	"drydock/final/images/catalog"
)

// selected returns the images that are wanted, with the names that are.
func (l Listing) selected(c catalog.Catalog) (wanted catalog.Catalog, err error) {
	dangling, err := l.Filters.Bool("dangling", false)
	if err != nil {
		return nil, err
	}
	before, after, err := l.times(c)
	if err != nil {
		return nil, err
	}
	patterns := l.Filters["reference"]
	if l.Name != "" {
		patterns = append(slices.Clone(patterns), l.Name)
	}
	for _, img := range c {
		if img, err = named(img, patterns); err != nil {
			return nil, err
		}
		created := img.Config.Created
		switch {
		case before != nil && (created == nil || !created.Before(*before)),
			after != nil && (created == nil || !created.After(*after)),
			!l.Filters.Labels("label", img.Config.Config.Labels),
			dangling && len(img.Tags) > 0,
			!dangling && len(img.Tags) == 0 && (!l.All || l.Filters.Has("dangling")),
			len(patterns) > 0 && len(img.Tags)+len(img.Digests) == 0:
			continue
		}
		wanted = append(wanted, img)
	}
	return wanted, nil
}

// times are between which an image must have been made, both exclusive: nil is no limit.
func (l Listing) times(c catalog.Catalog) (before, after *time.Time, err error) {
	if before, err = l.madeOf(c, "before", time.Time.Before); err != nil {
		return nil, nil, err
	}
	if after, err = l.madeOf(c, "since", time.Time.After); err != nil {
		return nil, nil, err
	}
	until, err := l.Filters.Until(l.Now)
	if err == nil && !until.IsZero() && (before == nil || until.Before(*before)) {
		before = &until
	}
	return before, after, err
}

// madeOf is when the images were made that a filter names: of several, the time that is stricter
// than the others. An image that does not say when is no limit.
func (l Listing) madeOf(c catalog.Catalog, filter string, stricter func(time.Time, time.Time) bool) (limit *time.Time, err error) {
	for _, ref := range l.Filters[filter] {
		img, err := c.Find(ref, nil)
		if err != nil {
			return nil, err
		}
		if at := img.Config.Created; at != nil && (limit == nil || stricter(*at, *limit)) {
			limit = at
		}
	}
	return limit, nil
}

// named is an image with those of its names that are like a pattern, short or in full, with the
// tag or without; or with all, if there are no patterns.
func named(img catalog.Image, patterns []string) (catalog.Image, error) {
	if len(patterns) == 0 {
		return img, nil
	}
	like := func(names []string) (some []string, err error) {
		for _, name := range names {
			matches, err := matchAny(patterns, name)
			if err != nil {
				return nil, err
			}
			if matches {
				some = append(some, name)
			}
		}
		return some, nil
	}
	var err error
	if img.Tags, err = like(img.Tags); err != nil {
		return img, err
	}
	img.Digests, err = like(img.Digests)
	return img, err
}

func matchAny(patterns []string, name string) (bool, error) {
	forms := []string{name}
	if parsed, err := images.Parse(name); err == nil { // or nobody can name it otherwise
		bare := images.Name{Domain: parsed.Domain, Path: parsed.Path}
		forms = append(forms, bare.Familiar(), parsed.String(), bare.String())
	}
	for _, pattern := range patterns {
		for _, form := range forms {
			if matches, err := path.Match(pattern, form); matches || err != nil {
				return matches, err
			}
		}
	}
	return false, nil
}
