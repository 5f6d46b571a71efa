package main

import (
	"errors"
	"io/fs"

	"drydock/internal/record"
	"drydock/stage6-network/lease"
	"drydock/stage6-network/network"
	"drydock/stage6-network/rules"
)

// disconnect takes back what reserve and plug have done, as much of it as there is.
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
	lives := func(id string) bool {
		if id == starts {
			return false
		}
		r, err := store.Read(id)
		if errors.Is(err, fs.ErrNotExist) {
			return false
		}
		if err != nil {
			return true // nobody can tell, and to take its network away would be worse
		}
		return r.Owner.Alive() || r.IsRunning()
	}
	for _, id := range pool.Dead(lives) {
		if err := release(pool, id); err != nil {
			return err
		}
	}
	return nil
}
