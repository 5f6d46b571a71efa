package connect

import (
	"drydock/final/networks"
)

// Rename has a container be known by another name on its networks.
func (h Host) Rename(id, name string) error {
	places, err := h.Places(id)
	if err != nil {
		return err
	}
	for _, place := range places {
		err := networks.Change(h.Root, place.Network.Name, func(n *networks.Network) error {
			if e, isThere := n.Endpoints[id]; isThere {
				e.Name = name
				n.Endpoints[id] = e
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
