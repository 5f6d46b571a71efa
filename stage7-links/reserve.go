package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"drydock/internal/cli"
	"drydock/internal/record"
	"drydock/stage6-network/flow"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/mode"
	"drydock/stage6-network/names"
	"drydock/stage6-network/network"
	"drydock/stage6-network/rules"
)

// bridge is the one network of this stage that has addresses.
const bridge = "bridge"

// reserve gives a container that is about to start its place in its network, if it has one, and its
// names; and those that it is linked to tell it of themselves. Nothing is plugged in yet.
func reserve(c cli.Call, store *record.Store, config Config) (place network.Endpoint, linked []string, err error) {
	name, err := config.hostname()
	if err != nil {
		return place, nil, err
	}
	switch config.Network {
	case mode.Host:
		return place, nil, names.Copy(store.Dir(config.ID), name)
	case mode.None:
		return place, nil, names.Write(store.Dir(config.ID), names.Host{Name: name})
	case mode.Bridged:
	default: // it has the files of another
		return place, nil, nil
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
		// Whatever is still there for the one who had it before, it is nothing to the new one.
		if err := errors.Join(rules.Vacate(address), flow.Vacate(address)); err != nil {
			return err
		}
		place = network.NewEndpoint(pool.Bridge, address, config.ID)
		others, variables, err := hear(store, pool, config)
		if err != nil {
			return err
		}
		linked = variables
		if err := names.Write(store.Dir(config.ID), names.Host{Name: name, Address: address, Others: others}); err != nil {
			return err
		}
		return announce(store, pool, config.ID)
	})
	return place, linked, err
}

// hostname is what the container is called: without a uts namespace, what the host is.
func (c *Config) hostname() (string, error) {
	if c.Namespace.Hostname != "" {
		return c.Namespace.Hostname, nil
	}
	return os.Hostname()
}

// provideBridge has the bridge be there, and the host pass on and translate what comes from it.
func provideBridge(c cli.Call, pool *lease.Pool) error {
	note := func(format string, args ...any) { fmt.Fprintf(c.Stderr, "stage7: note: "+format+"\n", args...) }
	root, err := filepath.Abs(c.Root)
	if err != nil {
		return err
	}
	mark := "drydock of " + root
	alone, err := lease.Alone() // or another state root would choose the same
	if err != nil {
		return err
	}
	defer alone.Close() // nothing was written: there is nothing that could fail
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
	// First the rules, which may be refused, and without which the bridge would be open.
	if err := rules.Ensure(rules.Network(pool.Name, pool.Subnet)); err != nil {
		return err
	}
	if err := pool.Up(mark); err != nil {
		return err
	}
	switched, err := network.Forward()
	if switched {
		note("net.ipv4.ip_forward is on now: containers reach others through this host. It stays on, for everybody: sysctl net.ipv4.ip_forward=0 ends that")
	}
	return err
}

// forget takes away the rules of a bridge that has gone, if the one in its place is not the same. Where somebody else has a
// bridge of that name now, they may be his.
func forget(before, chosen network.Bridge) error {
	if before == chosen || before.Name == "" {
		return nil
	}
	if _, err := net.InterfaceByName(before.Name); err == nil && before.Name != chosen.Name {
		return nil
	}
	return rules.Forget(before.Name, before.Subnet)
}
