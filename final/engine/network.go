package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/final/dns/resolvconf"
	"drydock/final/networks"
	"drydock/final/networks/connect"
	"drydock/final/networks/hosts"
	"drydock/final/networks/publish"
	"drydock/final/networks/resolve"
	"drydock/internal/alone"
	"drydock/internal/kernel"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage6-network/names"
	"drydock/stage6-network/network"
)

// reserve gives a container that is about to start its places in its networks, and its names; and those that it is linked to
// tell it of themselves, also by variables. Nothing is plugged in yet.
func (e *Engine) reserve(c container.Config, held *publish.Held) (places []connect.Place, linked []string, err error) {
	if c.HasBridge() {
		places, err = e.networks().Reserve(e.connected(c, held), c.Networks)
		if errors.As(err, new(networks.NotFound)) {
			err = fmt.Errorf("failed to set up container networking: %w", err)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	lines, linked, err := e.hear(c)
	if err == nil {
		err = e.writeNames(c, places, lines)
	}
	if err == nil {
		err = errors.Join(e.openLinks(c), e.announce(c, places))
	}
	if err != nil {
		return nil, nil, errors.Join(err, e.release(c))
	}
	return places, linked, nil
}

// connected is a container as its networks know it.
func (e *Engine) connected(c container.Config, held *publish.Held) connect.Container {
	return connect.Container{ID: c.ID, Name: c.Name, Hostname: c.Hostname, Ports: held.Mappings}
}

// release takes back what reserve and plug have done, as much of it as there is.
func (e *Engine) release(c container.Config) error {
	_, err := e.releasePlaces(c)
	return err
}

// leaveAll is release for one that was in its networks: that it leaves them is told.
func (e *Engine) leaveAll(c container.Config) error {
	places, err := e.releasePlaces(c)
	e.tellNetworks("disconnect", c, places)
	return err
}

func (e *Engine) releasePlaces(c container.Config) (places []connect.Place, err error) {
	places, err = e.networks().Places(c.ID)
	for _, place := range places {
		err = errors.Join(err, e.networks().Release(place.Network.Name, c.ID))
	}
	return places, err
}

// writeNames writes the files in which the container looks names up, unless they are another's. linked are further lines of hosts.
func (e *Engine) writeNames(c container.Config, places []connect.Place, linked string) error {
	if _, isOthers := container.Other(c.Network()); isOthers {
		return nil
	}
	servers, err := e.resolver(c)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	name := cmp.Or(c.Namespace.Hostname, host) // without a uts namespace it is the host's
	gateway, err := e.gateway(c.Hosts)
	if err != nil {
		return err
	}
	content := map[string]string{
		"hostname":    name + "\n",
		"hosts":       hosts.File(c.Hosts, gateway, name, places) + linked,
		"resolv.conf": resolve.File(servers, places),
	}
	if c.Network() == networks.Host {
		theirs, err := os.ReadFile("/etc/hosts")
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		content["hosts"] = string(theirs)
		for _, extra := range c.Hosts {
			content["hosts"] += fmt.Sprintf("%s\t%s\n", cmp.Or(extra.Address, gateway), extra.Name)
		}
		content["resolv.conf"] = servers.Host()
	}
	for _, file := range names.Files() {
		// One that is there keeps its inode: another container may have it mounted.
		path := filepath.Join(e.Containers.Dir(c.ID), file)
		if err := os.WriteFile(path, []byte(content[file]), 0o644); err != nil { //nolint:gosec // every user of the container reads it
			return err
		}
	}
	return nil
}

// gateway is the host's address for those names that are to mean it: that of the default network. If there are none, nobody asks for
// that one, whose file may be damaged.
func (e *Engine) gateway(extras []hosts.Extra) (netip.Addr, error) {
	if !slices.ContainsFunc(extras, func(extra hosts.Extra) bool { return !extra.Address.IsValid() }) {
		return netip.Addr{}, nil
	}
	bridge, err := networks.Read(e.Root, networks.Bridge)
	if err == nil && !bridge.Gateway.IsValid() {
		err = errors.New("unable to derive the IP value for host-gateway: there is no default network yet: run a container on it first")
	}
	return bridge.Gateway, err
}

// resolver is whom a container asks for names: whom its user says, or the administrator, or the host asks.
func (e *Engine) resolver(c container.Config) (resolvconf.Config, error) {
	config, err := resolvconf.Read()
	if err != nil {
		return config, err
	}
	usual := resolvconf.Override{Servers: e.Config.DNS, Search: e.Config.DNSSearch, Options: e.Config.DNSOptions}
	return config.With(usual).With(c.DNS), nil
}

// plug plugs a container in that has been started and waits, and has it find others by name, as long as ctx lasts.
func (e *Engine) plug(ctx context.Context, pid int, c container.Config, places []connect.Place, held *publish.Held) error {
	if len(places) == 0 {
		return nil
	}
	netns, err := network.Namespace(pid)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { netns.Close() })
	if err := connect.Plug(netns, e.connected(c, held), places); err != nil {
		return err
	}
	e.passOn(ctx, c, held)
	if !resolve.HasServer(places) {
		return nil
	}
	return e.serveNames(ctx, c, netns)
}

// passOn has those proxies work that IPv6 needs.
func (e *Engine) passOn(ctx context.Context, c container.Config, held *publish.Held) {
	for _, p := range held.Proxies {
		go func() {
			if err := p.Serve(func() netip.Addr { return e.address(c.ID) }); err != nil && ctx.Err() == nil {
				e.Note(err.Error())
			}
		}()
	}
}

// address is where a container is reached from the host, now.
func (e *Engine) address(id string) (address netip.Addr) {
	places, err := e.networks().Places(id)
	if way, ok := connect.Way(places); err == nil && ok {
		address = way.Endpoint.Address
	}
	return address
}

// serveNames answers the container's questions, from now on and as long as ctx lasts.
func (e *Engine) serveNames(ctx context.Context, c container.Config, netns *os.File) error {
	config, err := e.resolver(c)
	if err != nil {
		return err
	}
	if err := loopbackUp(netns); err != nil {
		return err
	}
	server := resolve.Server{Root: e.Root, ID: c.ID, Namespace: netns, Config: config, Links: map[string]string{}}
	for _, l := range c.Links {
		server.Links[l.Alias] = l.Source
	}
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- server.Serve(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
		return nil
	case err := <-ended:
		return err
	}
}

// loopbackUp switches on lo in a network namespace: a server is to listen there before init comes to it.
func loopbackUp(netns *os.File) error {
	return alone.Thread(func() error {
		if err := kernel.Setns("the name server is to listen in there", int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return namespace.LoopbackUp()
	})
}
