package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"

	"drydock/internal/record"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/mode"
	"drydock/stage6-network/names"
	"drydock/stage7-links/link"
)

// findSources finds the containers to which a container that is being made is to be linked. Of two with one alias it is linked
// to the first, as in Docker, which says so in the daemon's log only.
func (c *Config) findSources(store *record.Store, wishes []link.Wish, note io.Writer) error {
	_, isOthers := c.Network.Container()
	switch {
	case len(wishes) == 0 || c.Network == mode.Bridged:
	case isOthers:
		return errors.New("conflicting options: container type network can't be used with links: link the other container")
	default:
		return fmt.Errorf("conflicting options: %s type networking can't be used with links: leave --link out, or use --network bridge", c.Network)
	}
	for _, w := range wishes {
		source, err := findSource(store, w.Source)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(c.Links, func(l link.Link) bool { return l.Alias == w.Alias }) {
			fmt.Fprintf(note, "stage7: note: --link %s:%s changes nothing: there is another %s already\n", w.Source, w.Alias, w.Alias)
			continue
		}
		c.Links = append(c.Links, link.Link{Source: source.ID, Name: source.Name, Alias: w.Alias})
	}
	return nil
}

// findSource finds a container that others can be linked to. One that has another's network has that one's address.
func findSource(store *record.Store, ref string) (record.Record, error) {
	r, err := store.Find(ref)
	if err != nil {
		return r, fmt.Errorf("could not get container for %s: %w", ref, err)
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return r, err
	}
	if other, isOthers := config.Network.Container(); isOthers {
		return findSource(store, other)
	}
	if config.Network == mode.Host {
		return r, errors.New("conflicting options: host type networking can't be used with links: container " + r.Name + " has the host's network")
	}
	return r, nil
}

// hear is what the sources of a container that is about to start tell it: lines for hosts, and variables.
func hear(store *record.Store, pool *lease.Pool, config Config) (lines string, variables []string, err error) {
	recipient, err := store.Read(config.ID)
	if err != nil {
		return "", nil, err
	}
	for _, l := range config.Links {
		r, err := store.Read(l.Source)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !r.IsRunning() {
			err = fmt.Errorf("Cannot link to a non running container: /%s AS /%s/%s: start it first", l.Name, recipient.Name, l.Alias) //nolint:staticcheck // Docker's words
		}
		if err != nil {
			return "", nil, err
		}
		s, err := source(pool, r)
		if err != nil {
			return "", nil, err
		}
		lines += l.Line(s)
		variables = append(variables, l.Variables(recipient.Name, s)...)
	}
	return lines, variables, nil
}

// source is a container as others are told of it.
func source(pool *lease.Pool, r record.Record) (s link.Source, err error) {
	var config Config
	if err := r.Get("config", &config); err != nil {
		return s, err
	}
	s = link.Source{Name: r.Name, Ports: config.Exposed}
	for _, m := range config.Ports { // what is published is exposed
		s.Ports = append(s.Ports, link.Port{Number: m.Container, Protocol: m.Protocol})
	}
	for address, holder := range pool.Leases {
		if holder == r.ID {
			s.Address = address
		}
	}
	if !s.Address.IsValid() {
		return s, fmt.Errorf("container %s not attached to default bridge network: start it with --network bridge", r.ID)
	}
	if s.Hostname, err = config.hostname(); err != nil {
		return s, err
	}
	// Every container's name is its own.
	s.Env = slices.DeleteFunc(slices.Clone(config.Program.Env), func(variable string) bool { return variable == "HOSTNAME="+s.Hostname })
	return s, nil
}

// announce tells those who run and are linked to a container that it is about to start, at another address perhaps.
func announce(store *record.Store, pool *lease.Pool, id string) error {
	r, err := store.Read(id)
	if err != nil {
		return err
	}
	s, err := source(pool, r)
	if err != nil {
		return err
	}
	for _, recipient := range pool.Leases {
		if err := move(store, recipient, s, id); err != nil {
			return fmt.Errorf("tell those who are linked to %s where it is: %w", r.Name, err)
		}
	}
	return nil
}

// move has a recipient find a source, if it is linked to that.
func move(store *record.Store, recipient string, s link.Source, source string) error {
	r, err := store.Read(recipient)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has just been removed
	}
	var config Config
	if err == nil {
		err = r.Get("config", &config)
	}
	if err != nil {
		return err
	}
	for _, l := range config.Links {
		if l.Source != source {
			continue
		}
		if err := names.Edit(filepath.Join(store.Dir(recipient), "hosts"), func(hosts string) string { return l.Move(hosts, s) }); err != nil {
			return err
		}
	}
	return nil
}

// below are variables, but where there are others of the same name.
func below(variables, others []string) []string {
	return (&exec.Cmd{Env: append(slices.Clone(variables), others...)}).Environ()
}
