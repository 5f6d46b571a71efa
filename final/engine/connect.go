package engine

import (
	"path/filepath"

	"drydock/final/container"
	"drydock/final/networks"
	"drydock/final/networks/connect"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/hosts"
	"drydock/internal/record"
	"drydock/stage6-network/network"
)

// Connect has a container be on one more network, at once if it runs.
func (e *Engine) Connect(r record.Record, w endpoint.Wish) error {
	n, err := networks.Find(e.Root, w.Network)
	if err != nil {
		return err
	}
	w.Network = n.Name
	err = e.changeNetworks(r, func(r record.Record, c *container.Config) error {
		wishes, err := endpoint.Connect(c.Networks, r.Name, w)
		if err != nil || !r.IsRunning() {
			c.Networks = wishes
			return err
		}
		c.Networks = wishes
		return e.join(r, *c, w)
	})
	if err == nil {
		e.tellNetwork("connect", n, r.ID)
	}
	return err
}

// join plugs a container that runs into one more network.
func (e *Engine) join(r record.Record, c container.Config, w endpoint.Wish) error {
	netns, err := network.Namespace(r.Init.Pid)
	if err != nil {
		return err
	}
	defer netns.Close()
	place, err := e.networks().Join(netns, e.known(r, c), w)
	if err != nil {
		return err
	}
	return hosts.Add(filepath.Join(e.Containers.Dir(r.ID), "hosts"), c.Namespace.Hostname, place)
}

// Disconnect takes a container from a network.
func (e *Engine) Disconnect(r record.Record, ref string) error {
	n, err := networks.Find(e.Root, ref)
	if err != nil {
		return err
	}
	err = e.changeNetworks(r, func(r record.Record, c *container.Config) (err error) {
		if c.Networks, err = endpoint.Disconnect(c.Networks, r.ID, n.Name); err != nil || !r.IsRunning() {
			return err
		}
		return e.leave(r, *c, n.Name)
	})
	if err == nil {
		e.tellNetwork("disconnect", n, r.ID)
	}
	return err
}

// leave unplugs a container that runs.
func (e *Engine) leave(r record.Record, c container.Config, name string) error {
	places, err := e.networks().Places(r.ID)
	if err != nil {
		return err
	}
	netns, err := network.Namespace(r.Init.Pid)
	if err != nil {
		return err
	}
	defer netns.Close()
	if err := e.networks().Leave(netns, e.known(r, c), name); err != nil {
		return err
	}
	for _, place := range places {
		if place.Network.Name == name {
			return hosts.Remove(filepath.Join(e.Containers.Dir(r.ID), "hosts"), place)
		}
	}
	return nil
}

// known is a container that runs as its networks know it.
func (e *Engine) known(r record.Record, c container.Config) connect.Container {
	life, err := container.LifeOf(r)
	if err != nil {
		life = container.Life{} // then it has no ports that anybody knows of
	}
	return connect.Container{ID: r.ID, Name: r.Name, Hostname: c.Hostname, Ports: life.Ports}
}

// changeNetworks has change see and change on which networks a container is.
func (e *Engine) changeNetworks(r record.Record, change func(record.Record, *container.Config) error) error {
	_, err := e.Containers.Update(r.ID, func(r *record.Record) error {
		c, err := container.Of(*r)
		if err != nil {
			return err
		}
		if err := change(*r, &c); err != nil {
			return err
		}
		return c.Note(r)
	})
	return err
}

// WantedNetworks are the networks that a container is on, or is to be on when it is started.
func (e *Engine) WantedNetworks() (map[string]bool, error) {
	all, err := e.Containers.List()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, r := range all {
		c, err := container.Of(r)
		if err != nil {
			continue // a stage's, which knows no such networks
		}
		for _, w := range c.Networks {
			if n, err := networks.Find(e.Root, w.Network); err == nil {
				wanted[n.Name] = true
			}
		}
	}
	return wanted, nil
}
