// Package filter reads what --filter says, which Docker's lists and prunes have in common.
//
//	--filter dangling=true --filter label=env=test --filter until=24h
//
// Filters of different names must all hold. Of several with one name, it depends: a label must
// have them all, a reference match one.
//
// To read: docker images --help; docker image prune --help.
package filter

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Set is the values that were given, by the filter's name.
type Set map[string][]string

// Parse reads filters, NAME=VALUE each, of which only some names are allowed.
func Parse(texts []string, allowed ...string) (Set, error) {
	set := Set{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if text == "" {
			continue
		}
		if !found {
			return nil, errors.New("bad format of filter (expected name=value)")
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !slices.Contains(set[name], value) {
			set[name] = append(set[name], value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if !slices.Contains(allowed, name) {
			return nil, fmt.Errorf("invalid filter '%s': there are %s", name, strings.Join(allowed, ", "))
		}
	}
	return set, nil
}

// Has tells whether a filter was given.
func (s Set) Has(name string) bool { return len(s[name]) > 0 }

// Bool is whether a filter wants true or false, or what is said in otherwise.
func (s Set) Bool(name string, otherwise bool) (bool, error) {
	if !s.Has(name) {
		return otherwise, nil
	}
	yes := slices.Contains(s[name], "1") || slices.Contains(s[name], "true")
	no := slices.Contains(s[name], "0") || slices.Contains(s[name], "false")
	if yes == no {
		return false, fmt.Errorf("invalid filter '%s=%v': give true or false", name, s[name])
	}
	return yes, nil
}

// Labels tells whether there are all labels that filters called name want, KEY or KEY=VALUE.
func (s Set) Labels(name string, labels map[string]string) bool {
	for _, want := range s[name] {
		key, value, exactly := strings.Cut(want, "=")
		if got, found := labels[key]; !found || exactly && got != value {
			return false
		}
	}
	return true
}

// Prunes tells whether something with these labels, made at some time, is for a prune with the
// filters until, label and label!.
func (s Set) Prunes(labels map[string]string, created *time.Time, now time.Time) (bool, error) {
	if len(s["until"]) > 1 {
		return false, errors.New("more than one until filter specified")
	}
	until, err := s.Until(now)
	if err != nil {
		return false, err
	}
	early := until.IsZero() || created != nil && !created.After(until)
	spared := s.Has("label!") && s.Labels("label!", labels)
	return early && !spared && s.Labels("label", labels), nil
}

// Until is the earliest time of those that the filter until gives, or no time.
func (s Set) Until(now time.Time) (earliest time.Time, err error) {
	for _, text := range s["until"] {
		at, err := Time(text, now)
		if err != nil {
			return at, fmt.Errorf("invalid value for 'until' filter: %w", err)
		}
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	return earliest, nil
}
