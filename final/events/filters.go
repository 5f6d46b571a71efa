package events

import (
	"slices"
	"strings"

	"drydock/final/filter"
)

// Filters reads what --filter says. Docker's daemon takes any name; one that it does not know
// lets all pass there, and is an error here.
func Filters(texts []string) (filter.Set, error) {
	return filter.Parse(texts, append([]string{"event", "type", "scope", "image", "label"}, named...)...)
}

// named are the filters that want the id or the name of what an event is about, or its beginning.
// Docker looks at no more, whatever type the event is of: a volume called web is in container=web.
var named = []string{"container", "volume", "network", "daemon", "plugin"}

// wanted tells whether an event passes all filters.
func wanted(filters filter.Set, e Event) bool {
	name := e.Actor.Attributes["name"]
	for _, filter := range named {
		if !begins(filters[filter], e.Actor.ID, name) {
			return false
		}
	}
	return actionWanted(filters["event"], e.Action) &&
		is(filters["type"], e.Type) &&
		is(filters["scope"], e.Scope) &&
		imageWanted(filters["image"], e) &&
		filters.Labels("label", e.Actor.Attributes)
}

// is tells whether one of the texts is wanted, as all are if there are no wishes.
func is(wanted []string, texts ...string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(texts, func(text string) bool { return slices.Contains(wanted, text) })
}

// begins tells whether one of the texts is wanted or begins with what is.
func begins(wanted []string, texts ...string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(texts, func(text string) bool {
		return slices.ContainsFunc(wanted, func(start string) bool { return strings.HasPrefix(text, start) })
	})
}

// actionWanted compares actions. Some go on after a colon, and if one of those is wanted, the
// beginning is enough.
func actionWanted(wanted []string, action string) bool {
	for _, open := range []string{"health_status", "exec_create", "exec_start"} {
		if slices.Contains(wanted, open) {
			return begins(wanted, action)
		}
	}
	return is(wanted, action)
}

// imageWanted compares the image of an event, or of its container, with its tag and without.
func imageWanted(wanted []string, e Event) bool {
	name := e.Actor.Attributes["image"]
	if e.Type == "image" {
		name = e.Actor.Attributes["name"]
	}
	return is(wanted, e.Actor.ID, name, repository(e.Actor.ID), repository(name))
}

// repository is an image's name without tag and digest, and without what Docker leaves out.
func repository(name string) string {
	name, _, _ = strings.Cut(name, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
}
