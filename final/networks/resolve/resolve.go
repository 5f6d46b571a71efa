// Package resolve has a container's name server know who is on the container's networks.
//
// The problem: final/dns answers, and asks somebody who the container's neighbours are. They come and go, in processes that
// know nothing of one another.
//
// The mechanism: the networks' files say it, which are read for each question. So the answer is right whoever has changed
// them, and a container that is connected to a network finds at once who is there. The server is a part of the process that owns
// the container; its sockets are on the container's lo, which no connecting and disconnecting touches.
//
// In a shell: jq '.more.endpoints[] | .name, .aliases, .address' networks/mynet.
//
// To read: docs.docker.com on "DNS services"; package final/dns.
package resolve

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"

	"drydock/final/dns"
	"drydock/final/dns/inside"
	"drydock/final/dns/resolvconf"
	"drydock/final/networks"
	"drydock/final/networks/connect"
)

// HasServer tells whether a container has a name server of its own: on networks of users, and not on the default one alone.
func HasServer(places []connect.Place) bool {
	return slices.ContainsFunc(places, func(p connect.Place) bool { return p.Network.Name != networks.Bridge })
}

// File is the content of a container's /etc/resolv.conf.
func File(config resolvconf.Config, places []connect.Place) string {
	if HasServer(places) {
		return config.Own()
	}
	return config.Bridge(false)
}

// Hosts are those whom the container id finds by name: who is on its networks now, itself too. The default network
// is none of these, as with Docker.
func Hosts(root, id string) (all []dns.Host, err error) {
	places, err := connect.Host{Root: root}.Places(id)
	if err != nil {
		return nil, err
	}
	for _, place := range connect.Ranked(places) {
		if place.Network.Name == networks.Bridge {
			continue
		}
		ids := slices.Sorted(maps.Keys(place.Network.Endpoints))
		for _, id := range ids {
			all = append(all, host(place.Network.Name, id, place.Network.Endpoints[id]))
		}
	}
	return all, nil
}

// host is a container by all of its names.
func host(network, id string, e networks.Endpoint) dns.Host {
	h := dns.Host{Name: e.Name, Network: network, Addresses: []netip.Addr{e.Address}}
	if e.Address6.IsValid() {
		h.Addresses = append(h.Addresses, e.Address6)
	}
	h.Aliases = append(slices.Clone(e.Aliases), id[:min(12, len(id))])
	if e.Hostname != "" {
		h.Aliases = append(h.Aliases, e.Hostname)
	}
	return h
}

// A Server is what a name server needs to know.
type Server struct {
	Root      string
	ID        string   // of the container
	Namespace *os.File // the container's network namespace, with lo up
	Config    resolvconf.Config
	Links     map[string]string // names or ids of containers, by the names that this one has for them
}

// Serve answers the container's questions until ctx ends. ready is called when it can ask: before its program starts.
func (s Server) Serve(ctx context.Context, ready func()) error {
	udp, tcp, err := inside.Listen(s.Namespace)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { udp.Close() }) // which ends the other one too
	defer stop()
	ready()
	server := dns.Server{
		Hosts:    s.hosts,
		Upstream: s.upstream(), IsShort: s.Config.IsShort,
	}
	return server.Serve(udp, tcp)
}

// upstream are whom it asks: as the host does, where it is the host's file that names them, and from inside the
// container where the user does.
func (s Server) upstream() (all []dns.Upstream) {
	for _, server := range s.Config.Servers {
		u := dns.Upstream{Address: netip.AddrPortFrom(server.Addr, 53), Dial: s.dialFromHost}
		if !server.OnHost {
			u.Dial = inside.Dial(s.Namespace)
		}
		all = append(all, u)
	}
	return all
}

// dialFromHost asks for a container that could ask itself, and not for one that has no way out: what it asks for would tell those
// outside what it likes. That may change while it runs.
func (s Server) dialFromHost(ctx context.Context, network, address string) (net.Conn, error) {
	places, err := connect.Host{Root: s.Root}.Places(s.ID)
	if err != nil {
		return nil, err
	}
	if _, ok := connect.Way(places); !ok {
		return nil, errors.New("the container is on internal networks only")
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// hosts are those whom the container finds, by the names too that it has for them itself (--link).
func (s Server) hosts() ([]dns.Host, error) {
	all, err := Hosts(s.Root, s.ID)
	for i := range all {
		for alias, source := range s.Links {
			if h := &all[i]; source == h.Name || slices.ContainsFunc(h.Aliases, func(name string) bool { return len(name) == 12 && strings.HasPrefix(source, name) }) {
				h.Aliases = append(h.Aliases, alias)
			}
		}
	}
	return all, err
}
