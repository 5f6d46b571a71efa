package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"

	"drydock/internal/cli"
	"drydock/internal/record"
	"drydock/stage6-network/flow"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/names"
	"drydock/stage6-network/network"
	"drydock/stage6-network/port"
	"drydock/stage6-network/rules"
)

// bridge is the one network of this stage that has addresses.
const bridge = "bridge"

// connect gives a container that is about to start its place in its network, if it has one, and its
// names. Nothing is plugged in yet.
func connect(c cli.Call, store *record.Store, config Config) (place network.Endpoint, err error) {
	name := config.Namespace.Hostname
	switch config.Network {
	case network.Host:
		return place, names.Copy(store.Dir(config.ID), name)
	case network.None:
		return place, names.Write(store.Dir(config.ID), names.Host{Name: name})
	case network.Bridged:
	default: // it has the files of another
		return place, nil
	}
	err = lease.Change(c.Root, bridge, func(pool *lease.Pool) error {
		if err := sweepPool(store, pool, config.ID); err != nil {
			return err
		}
		if err := provideBridge(c, pool); err != nil {
			return err
		}
		address, err := pool.Take(config.ID)
		if err != nil {
			return err
		}
		place = network.NewEndpoint(pool.Bridge, address, config.ID)
		return names.Write(store.Dir(config.ID), names.Host{Name: name, Address: address})
	})
	return place, err
}

// provideBridge has the bridge be there, and the host pass on and translate what comes from it.
func provideBridge(c cli.Call, pool *lease.Pool) error {
	note := func(format string, args ...any) { fmt.Fprintf(c.Stderr, "stage6: note: "+format+"\n", args...) }
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return err
	}
	mark := "drydock of " + root
	isThere, err := pool.IsThere(mark)
	if err != nil {
		return err
	}
	if !isThere {
		chosen, reason, err := pool.Choose(mark)
		if err != nil {
			return err
		}
		if chosen != pool.Bridge && reason != "" {
			note("%s: the bridge is %s, with %s", reason, chosen.Name, chosen.Subnet)
		}
		if err := forget(pool.Bridge, chosen); err != nil {
			return err
		}
		pool.Bridge = chosen
	}
	if err := pool.Up(mark); err != nil {
		return err
	}
	if err := rules.Ensure(rules.Network(pool.Name, pool.Subnet)); err != nil {
		return err
	}
	switched, err := network.Forward()
	if switched {
		note("net.ipv4.ip_forward is on now: containers reach others through this host. It stays on, for everybody: sysctl net.ipv4.ip_forward=0 ends that")
	}
	return err
}

// forget takes away the rules of a bridge that has gone, if the one in its place is not the same.
func forget(before, chosen network.Bridge) error {
	if before == chosen || before.Name == "" {
		return nil
	}
	return rules.Forget(before.Name, before.Subnet)
}

// plug plugs a container in that has been started and waits, and publishes its ports.
func plug(pid int, place network.Endpoint, ports []port.Mapping) error {
	if !place.Address.IsValid() {
		return nil
	}
	netns, err := network.Namespace(pid)
	if err != nil {
		return err
	}
	defer netns.Close()
	if err := network.Plug(netns, place); err != nil {
		return err
	}
	if err := rules.Apply(rules.Publish(place.ID, published(place.Address, ports))); err != nil {
		return err
	}
	var packets []netip.AddrPort
	for _, m := range ports {
		if m.Protocol == "udp" {
			packets = append(packets, m.Host)
		}
	}
	return flow.Forget(packets)
}

// published are the ports as rules have them: to whom they go is known only now.
func published(address netip.Addr, ports []port.Mapping) (all []rules.Port) {
	for _, m := range ports {
		all = append(all, rules.Port{Protocol: m.Protocol, Host: m.Host, Container: netip.AddrPortFrom(address, m.Container)})
	}
	return all
}

// disconnect takes back what connect and plug have done, as much of it as there is.
func disconnect(root string, place network.Endpoint) error {
	if !place.Address.IsValid() {
		return nil
	}
	return lease.Change(root, bridge, func(pool *lease.Pool) error { return release(pool, place.ID) })
}

// release does so where the pool is at hand: first what uses an address goes, then it is free.
func release(pool *lease.Pool, id string) error {
	if err := errors.Join(rules.Withdraw(id), network.Unplug(network.Cable(id))); err != nil {
		return err
	}
	pool.Free(id)
	return nil
}

// sweepNetwork releases what containers have that were killed with their owner.
func sweepNetwork(root string, store *record.Store) error {
	return lease.Change(root, bridge, func(pool *lease.Pool) error { return sweepPool(store, pool, "") })
}

// sweepPool does so where the pool is at hand. The container that is about to start is one of them, if
// it has an address: that is from another time.
func sweepPool(store *record.Store, pool *lease.Pool, starts string) error {
	dead := pool.Dead(func(id string) bool {
		r, err := store.Read(id)
		return id != starts && !errors.Is(err, fs.ErrNotExist) && (err != nil || r.Owner.Alive() || r.IsRunning())
	})
	for _, id := range dead {
		if err := release(pool, id); err != nil {
			return err
		}
	}
	return nil
}
