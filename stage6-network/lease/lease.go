// Package lease hands out the addresses of a network, so that no two containers have the same.
//
// The problem: containers are started at the same time, and killed at any time, by processes that
// do not know of one another. Somebody has to remember which address is whose.
//
// The mechanism is a file a network, networks/NAME below the state root: JSON that people can read. Whoever
// changes it holds a lock (flock(2)) on a file beside it, reads it, and replaces it as a whole. There is no
// daemon, and nobody is told to give an address back: whoever takes one looks first who has died.
//
// In a shell: flock networks/.bridge.lock sh -c 'jq … bridge >next && mv next bridge'.
//
// To read: flock(2), rename(2), boot_id in proc_sys_kernel(5).
package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage6-network/network"
)

// A Pool is a network's addresses, and who has which.
type Pool struct {
	network.Bridge
	Boot   string                `json:"boot"`           // of the machine: no lease outlives that
	Leases map[netip.Addr]string `json:"leases"`         // the containers' ids
	More   json.RawMessage       `json:"more,omitempty"` // what drydock knows besides: it stays as it is
}

// Change has change see and change the pool of a network, while nobody else does, and writes it. If it
// returns an error, everything stays as it was. A pool that is not there yet is empty.
func Change(root, name string, change func(*Pool) error) error {
	lock, err := Lock(root, name)
	if err != nil {
		return err
	}
	defer lock.Close()
	pool, err := Read(root, name)
	if err != nil {
		return err
	}
	if err := change(&pool); err != nil {
		return err
	}
	return write(filepath.Join(root, "networks", name), pool)
}

// Lock waits until nobody else changes the pool of a network, and keeps it so until it is closed.
func Lock(root, name string) (io.Closer, error) {
	dir := filepath.Join(root, "networks")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("the state root: %w: use sudo, or --root DIR", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "."+name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := wait(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// Alone waits until nobody else on this host chooses or makes a bridge, whatever his state root, and keeps it so until it is
// closed. What all of them have in common is the network namespace: that is a file, and so can be locked.
func Alone() (io.Closer, error) {
	namespace, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	if err := wait(namespace); err != nil {
		return nil, errors.Join(err, namespace.Close())
	}
	return namespace, nil
}

// wait waits for the lock of a file, which then is held until the file is closed. flock(2).
func wait(file *os.File) error {
	err := error(unix.EINTR)
	for errors.Is(err, unix.EINTR) {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", file.Name(), err)
	}
	return nil
}

// Read reads a network's file, as it is now. One that is not there is empty, and one that was written before the machine was booted has no leases.
func Read(root, name string) (Pool, error) {
	path := filepath.Join(root, "networks", name)
	var pool Pool
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &pool)
	}
	if err == nil {
		err = pool.validate()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pool, fmt.Errorf("%s: %w: correct it, or remove it when no container runs", path, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return pool, err
	}
	if now := strings.TrimSpace(string(boot)); pool.Boot != now || pool.Leases == nil {
		pool.Boot, pool.Leases = now, map[netip.Addr]string{}
	}
	return pool, nil
}

// validate refuses what nobody has written here but by hand. What is left open is filled in when the bridge is made.
func (p Pool) validate() error {
	switch {
	case p.Subnet.IsValid() && !p.Subnet.Addr().Is4():
		return fmt.Errorf("the subnet %s is none of IPv4", p.Subnet)
	case p.Gateway.IsValid() && !p.Subnet.Contains(p.Gateway):
		return fmt.Errorf("the gateway %s is not in the subnet %s", p.Gateway, p.Subnet)
	case p.Name != "" && !p.Gateway.IsValid():
		return fmt.Errorf("the bridge %s has no gateway", p.Name)
	}
	for address, id := range p.Leases {
		if len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
			return fmt.Errorf("%s is leased to %q, which is no container", address, id)
		}
	}
	return nil
}

func write(path string, pool Pool) error {
	text, err := json.MarshalIndent(pool, "", "\t")
	if err != nil {
		return err
	}
	next, err := os.Create(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next"))
	if err != nil {
		return err
	}
	_, err = next.Write(append(text, '\n'))
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return os.Rename(next.Name(), path)
}

// Take leases an address to the container id, the lowest that is free, and returns it.
func (p *Pool) Take(id string) (netip.Addr, error) {
	// The first address is the subnet itself, and the last one is for everybody in it.
	for address := p.Subnet.Addr().Next(); p.Subnet.Contains(address.Next()); address = address.Next() {
		if _, taken := p.Leases[address]; !taken && address != p.Gateway {
			p.Leases[address] = id
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no available IPv4 addresses on this network's address pools: %s has %d containers: remove one, or use --network none",
		p.Subnet, len(p.Leases))
}

// Free gives a container's address back. One that has none is fine.
func (p *Pool) Free(id string) {
	maps.DeleteFunc(p.Leases, func(_ netip.Addr, holder string) bool { return holder == id })
}

// Dead returns the containers that have an address and do not live.
func (p *Pool) Dead(alive func(id string) bool) []string {
	holders := slices.Sorted(maps.Values(p.Leases))
	return slices.DeleteFunc(slices.Compact(holders), alive)
}
