package networks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"drydock/stage6-network/lease"
)

// List returns all networks, by name. One whose file is damaged stops none of the others: it is there, and says so.
func List(root string) ([]Network, error) {
	all := []Network{Builtin(Host), Builtin(None)}
	names, err := files(root)
	if err != nil {
		return nil, err
	}
	for _, name := range append(names, Bridge) {
		n, err := Read(root, name)
		if errors.As(err, new(NotFound)) {
			continue // somebody has removed it just now
		}
		n.Name, n.Damaged = name, err
		all = append(all, n)
	}
	return sorted(all), nil
}

// sorted are networks in the order in which Docker lists them.
func sorted(all []Network) []Network {
	slices.SortFunc(all, func(a, b Network) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// files are the names of those networks that users have made.
func files(root string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(root, "networks"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the state root: %w: use sudo, or --root DIR", err)
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && name != Bridge {
			names = append(names, name)
		}
	}
	return names, nil
}

// Read returns the network of a name as it is now.
func Read(root, name string) (Network, error) {
	pool, err := lease.Read(root, name)
	if err != nil {
		return Network{}, err
	}
	n, err := decode(name, pool)
	if err != nil {
		return Network{}, err
	}
	return n, nil
}

// decode makes a network of what its file says.
func decode(name string, pool lease.Pool) (Network, error) {
	n := Builtin(name)
	n.Pool = pool
	switch {
	case pool.More != nil:
		if err := json.Unmarshal(pool.More, &n.More); err != nil {
			return n, damaged(name, err)
		}
	case name != Bridge:
		return n, NotFound{name}
	}
	if n.Endpoints == nil {
		n.Endpoints = map[string]Endpoint{}
	}
	for id, endpoint := range n.Endpoints { // of another boot, or taken back by stage 6
		if n.Leases[endpoint.Address] != id {
			delete(n.Endpoints, id)
		}
	}
	if err := n.validate(); err != nil {
		return n, damaged(name, err)
	}
	return n, nil
}

// Change has change see and change a network, while nobody else does, and writes it. If it returns an error,
// everything stays as it was.
func Change(root, name string, change func(*Network) error) error {
	if name == Host || name == None {
		return fmt.Errorf("network %s has nothing that could be changed: use another", name)
	}
	return lease.Change(root, name, func(pool *lease.Pool) error {
		n, err := decode(name, *pool)
		if err != nil {
			return err
		}
		if err := change(&n); err != nil {
			return err
		}
		return n.encode(pool)
	})
}

// encode puts a network where its file is made from.
func (n Network) encode(pool *lease.Pool) error {
	more, err := json.Marshal(n.More)
	if err != nil {
		return err
	}
	*pool = n.Pool
	pool.More = more
	return nil
}

// Exclusive calls f while no network is made, none is removed, and no bridge is switched on by anybody else, whatever his
// state root. It is the lock of the default network that is held: so stage 6 knows of it too. In f, nobody may change that one.
func Exclusive(root string, f func() error) error {
	lock, err := lease.Lock(root, Bridge)
	if err != nil {
		return err
	}
	defer lock.Close() // nothing was written: there is nothing that could fail
	alone, err := lease.Alone()
	if err != nil {
		return err
	}
	defer alone.Close()
	return f()
}

// Add writes the file of a new network. Nobody else makes one meanwhile: see Exclusive.
func Add(root string, n Network) error {
	if err := dropDrafts(root); err != nil {
		return err
	}
	return lease.Change(root, n.Name, func(pool *lease.Pool) error {
		if pool.More != nil {
			return fmt.Errorf("network with name %s already exists: choose another, or remove that one", n.Name)
		}
		n.Boot, n.Leases = pool.Boot, pool.Leases
		return n.encode(pool)
	})
}

// dropDrafts removes what was written of networks by those who were killed before it was in its place.
func dropDrafts(root string) error {
	dir := filepath.Join(root, "networks")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		name, isDraft := strings.CutSuffix(strings.TrimPrefix(entry.Name(), "."), ".next")
		if !isDraft || entry.Name()[0] != '.' || name == Bridge {
			continue
		}
		if _, gone := os.Stat(filepath.Join(dir, name)); errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, entry.Name())))
		} // or else somebody changes that network just now
	}
	return err
}

// errRemoved has lease.Change write nothing where there is to be nothing.
var errRemoved = errors.New("removed")

// Remove removes a network's file, if last has nothing against it: that is called while nobody else changes it, and
// takes away what the kernel has of it.
func Remove(root, name string, last func(Network) error) error {
	err := lease.Change(root, name, func(pool *lease.Pool) error {
		n, err := decode(name, *pool)
		if err != nil {
			return err
		}
		if err := last(n); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(root, "networks", name)); err != nil {
			return err
		}
		return errRemoved
	})
	if errors.Is(err, errRemoved) {
		return nil
	}
	return err
}
