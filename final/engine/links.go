package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"

	"drydock/final/container"
	"drydock/final/networks"
	"drydock/final/networks/connect"
	"drydock/final/networks/endpoint"
	"drydock/internal/record"
	"drydock/stage6-network/names"
	"drydock/stage6-network/rules"
	"drydock/stage7-links/link"
)

// findSources finds the containers to which one that is being made is to be linked. On networks of users a link is a name
// for the name server: there need not be such a container yet.
func (e *Engine) findSources(c *container.Config) error {
	for _, spec := range c.LinkWishes {
		w, err := link.Parse(spec)
		if err != nil {
			return err
		}
		switch {
		case !c.HasBridge():
			return fmt.Errorf("conflicting options: %s type networking can't be used with links: leave --link out, or use --network bridge", c.Network())
		case !isDefault(c.Networks):
			c.Links = append(c.Links, link.Link{Source: w.Source, Name: w.Source, Alias: w.Alias})
			continue
		}
		source, err := e.findSource(w.Source)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(c.Links, func(l link.Link) bool { return l.Alias == w.Alias }) {
			continue // as in Docker, the first is taken
		}
		c.Links = append(c.Links, link.Link{Source: source.ID, Name: source.Name, Alias: w.Alias})
	}
	return nil
}

// isDefault tells whether a container is on the default network, and on no other.
func isDefault(wishes []endpoint.Wish) bool {
	return len(wishes) == 1 && wishes[0].Network == networks.Bridge
}

// findSource finds a container that others can be linked to. One that has another's network has that one's address.
func (e *Engine) findSource(ref string) (record.Record, error) {
	r, err := e.Find(ref)
	if err != nil {
		return r, fmt.Errorf("could not get container for %s: %w", ref, err)
	}
	c, err := container.Of(r)
	if err != nil {
		return r, err
	}
	if other, isOthers := container.Other(c.Network()); isOthers {
		return e.findSource(other)
	}
	if c.Network() == networks.Host {
		return r, errors.New("conflicting options: host type networking can't be used with links: container " + r.Name + " has the host's network")
	}
	return r, nil
}

// hear is what the sources of a container that is about to start tell it: lines for hosts, and variables.
func (e *Engine) hear(c container.Config) (lines string, variables []string, err error) {
	if !isDefault(c.Networks) {
		return "", nil, nil
	}
	for _, l := range c.Links {
		r, err := e.Containers.Read(l.Source)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !r.IsRunning() {
			err = fmt.Errorf("Cannot link to a non running container: /%s AS /%s/%s: start it first", l.Name, c.Name, l.Alias) //nolint:staticcheck // Docker's words
		}
		if err != nil {
			return "", nil, err
		}
		s, err := e.source(r)
		if err != nil {
			return "", nil, err
		}
		if !s.Address.IsValid() {
			return "", nil, fmt.Errorf("container %s not attached to default bridge network: start it with --network bridge", r.ID)
		}
		lines += l.Line(s)
		variables = append(variables, l.Variables(c.Name, s)...)
	}
	return lines, variables, nil
}

// source is a container as others are told of it.
func (e *Engine) source(r record.Record) (s link.Source, err error) {
	c, err := container.Of(r)
	if err != nil {
		return s, err
	}
	s = link.Source{Name: r.Name, Hostname: c.Namespace.Hostname, Env: c.Program.Env}
	exposed := slices.Concat(c.Exposed, c.Publish.Expose)
	for _, spec := range exposed {
		some, err := link.Expose(spec)
		if err != nil {
			return s, err
		}
		s.Ports = append(s.Ports, some...)
	}
	for _, p := range c.Ports { // what is published is exposed
		s.Ports = append(s.Ports, link.Port{Number: p.Container, Protocol: p.Protocol})
	}
	s.Ports = link.Sorted(s.Ports)
	s.Address, err = e.onDefault(r.ID)
	return s, err
}

// onDefault is a container's address on the default network, or none.
func (e *Engine) onDefault(id string) (address netip.Addr, err error) {
	places, err := e.networks().Places(id)
	for _, place := range places {
		if place.Network.Name == networks.Bridge {
			address = place.Endpoint.Address
		}
	}
	return address, err
}

// announce tells those who run and are linked to a container where it is, now that it is about to start.
func (e *Engine) announce(c container.Config, places []connect.Place) error {
	if !slices.ContainsFunc(places, func(p connect.Place) bool { return p.Network.Name == networks.Bridge }) {
		return nil
	}
	r, err := e.Containers.Read(c.ID)
	if err != nil || r.Finished.IsZero() {
		return err // to one that has never run, nobody is linked who runs
	}
	s, err := e.source(r)
	if err != nil {
		return err
	}
	all, err := e.Containers.List()
	for _, recipient := range all {
		theirs, failed := container.Of(recipient)
		if failed != nil || !isDefault(theirs.Networks) {
			continue
		}
		for _, l := range theirs.Links {
			if l.Source == c.ID && recipient.IsRunning() {
				err = errors.Join(err, e.openLinks(theirs), names.Edit(filepath.Join(e.Containers.Dir(recipient.ID), "hosts"), func(hosts string) string { return l.Move(hosts, s) }))
			}
		}
	}
	return err
}

// openLinks lets a container through to the ports of its sources, where containers do not reach each other otherwise. Of one that
// does not run, there is nothing to reach; it is announced when it comes back.
func (e *Engine) openLinks(c container.Config) error {
	if !e.Config.Silent() || !isDefault(c.Networks) {
		return nil
	}
	recipient, err := e.onDefault(c.ID)
	if err != nil || !recipient.IsValid() {
		return err
	}
	var open []rules.Link
	for _, l := range c.Links {
		r, err := e.Containers.Read(l.Source)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return err
		}
		s, err := e.source(r)
		if err != nil {
			return err
		}
		for _, p := range s.Ports {
			if s.Address.IsValid() {
				open = append(open, rules.Link{Recipient: recipient, Source: netip.AddrPortFrom(s.Address, p.Number), Protocol: p.Protocol})
			}
		}
	}
	return rules.Apply(rules.Links(c.ID, open))
}
