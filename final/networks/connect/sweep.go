package connect

import (
	"errors"
	"math/rand/v2"

	"drydock/final/networks"
	"drydock/stage6-network/rules"
)

// Sweep takes back the places of containers that do not live any more.
func (h Host) Sweep(name string) error {
	return networks.Change(h.Root, name, func(n *networks.Network) error { return h.sweep(n, "") })
}

func (h Host) sweep(n *networks.Network, starts string) error {
	return h.clear(n, func(id string) bool { return id == starts || h.Alive(id) })
}

// few is of how many containers a glance makes sure that they live.
const few = 32

// glance is a sweep that looks at some only, if there are many: a start is to take no longer for that. The next one looks at others.
func (h Host) glance(n *networks.Network, starts string) error {
	all := len(n.Leases)
	return h.clear(n, func(id string) bool { return id == starts || rand.IntN(all) >= few || h.Alive(id) })
}

func (h Host) clear(n *networks.Network, alive func(id string) bool) error {
	for _, id := range n.Dead(alive) {
		if err := errors.Join(rules.Withdraw(id), release(n, id)); err != nil {
			return err
		}
	}
	return nil
}
