package networks

import (
	"fmt"
	"strings"
)

// damaged is the error for a network's file that says what nobody has written here but by hand.
func damaged(name string, err error) error {
	return fmt.Errorf("the file networks/%s is damaged: %w: correct it, or remove it when no container is on the network", name, err)
}

// validate refuses what would be of no use, or would do harm, to whoever relies on it. Package lease has looked at the rest.
func (n Network) validate() error {
	for container, e := range n.Endpoints {
		if !e.Address.Is4() {
			return fmt.Errorf("the container %s has the address %s", container, e.Address)
		}
	}
	if n.Name == Bridge {
		return nil // what it lacks is filled in when its bridge is made
	}
	switch {
	case len(n.ID) != 64 || strings.Trim(n.ID, "0123456789abcdef") != "":
		return fmt.Errorf("the id %q has not 64 hexadecimal digits", n.ID)
	case !n.Subnet.IsValid() || !n.Gateway.IsValid():
		return fmt.Errorf("there is no subnet, or no gateway")
	case n.Subnet6.IsValid() && (!n.Subnet6.Addr().Is6() || !n.Subnet6.Contains(n.Gateway6)):
		return fmt.Errorf("the gateway %s is not in the IPv6 subnet %s", n.Gateway6, n.Subnet6)
	case n.Range.IsValid() && (!n.Subnet.Contains(n.Range.Addr()) || n.Range.Bits() < n.Subnet.Bits()):
		return fmt.Errorf("the range %s is not in the subnet %s", n.Range, n.Subnet)
	}
	if err := checkLink(n.Bridge.Name); err != nil {
		return fmt.Errorf("the bridge is called %q: %w", n.Bridge.Name, err)
	}
	return nil
}
