// Package networks says what a network of Docker's is, and keeps it in a file.
//
// The problem: on the default bridge everybody reaches everybody, and nobody knows a name. So users make
// networks of their own, one for what belongs together, with a subnet, labels and options that somebody has to remember.
//
// The mechanism: to the kernel, each is one more bridge, with a subnet that nothing else on the host has, and rules. All
// the rest is a file, networks/NAME below the state root: that of stage 6, with who is on the network under which names.
// Whoever uses a network makes of the file what the kernel lacks; so after a boot the networks are still there.
//
//	networks.go   what a network is
//	file.go       how it is read, changed, made and removed
//	validate.go   what is taken for a file of ours
//	address.go    who gets which address
//	options.go    what --opt says
//
// In a shell: drydock network create --subnet 10.1.0.0/24 mynet; jq . networks/mynet; ip address show br-….
//
// To read: docker-network-create(1); docs.docker.com on "Bridge network driver".
package networks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"drydock/stage6-network/lease"
)

// The networks that are always there. The first one is stage 6's, and the others have no file.
const (
	Bridge = "bridge"
	Host   = "host"
	None   = "none"
)

// predefined are their names, and one that means the first.
var predefined = [...]string{Bridge, Host, None, "default"}

// A Network is one of any kind.
type Network struct {
	Name string
	lease.Pool
	More
	Damaged error // why its file says nothing of use: then the rest is unknown
}

// More is what there is to know of a network besides what a bridge and leases are.
type More struct {
	ID       string                `json:"id"` // 64 hexadecimal digits
	Created  time.Time             `json:"created"`
	Labels   map[string]string     `json:"labels,omitempty"`
	Options  map[string]string     `json:"options,omitempty"`
	Internal bool                  `json:"internal,omitempty"` // no way out of it
	Range    netip.Prefix          `json:"range,omitzero"`     // of the subnet's addresses, those that containers get
	Reserved map[string]netip.Addr `json:"reserved,omitempty"` // by --aux-address
	Subnet6  netip.Prefix          `json:"subnet6,omitzero"`
	Gateway6 netip.Addr            `json:"gateway6,omitzero"`
	// Endpoints are the containers that are on it, by their ids. Each has its address in Leases too.
	Endpoints map[string]Endpoint `json:"endpoints,omitempty"`
}

// An Endpoint is a container's place in a network.
type Endpoint struct {
	ID       string     `json:"id"`   // of the endpoint
	Name     string     `json:"name"` // of the container
	Hostname string     `json:"hostname,omitempty"`
	Aliases  []string   `json:"aliases,omitempty"` // by which it is known on this network only
	Address  netip.Addr `json:"address"`
	Address6 netip.Addr `json:"address6,omitzero"`
	Hardware string     `json:"hardware"` // its MAC address
	Link     string     `json:"link"`     // the name of its end of the cable
	Cable    string     `json:"cable"`    // and of the host's
	Priority int        `json:"priority,omitempty"`
}

// Driver is what Docker says a network is made of.
func (n Network) Driver() string {
	switch n.Name {
	case Host:
		return "host"
	case None:
		return "null"
	}
	return "bridge"
}

// IsPredefined tells whether a network is always there.
func IsPredefined(name string) bool { return slices.Contains(predefined[:], name) }

// Builtin is a network that is always there, as it is if there is no more to know.
func Builtin(name string) Network {
	id := sha256.Sum256([]byte("network " + name))
	return Network{Name: name, More: More{ID: hex.EncodeToString(id[:])}}
}

// BridgeName is the name that a network's bridge has if no option says another.
func BridgeName(id string) string { return "br-" + id[:12] }

// named is what a name is like. It is that of a file too, and shells should not wonder at it.
var named = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// CheckName refuses a name that no network of a user's may have.
func CheckName(name string) error {
	switch {
	case strings.TrimSpace(name) == "":
		return fmt.Errorf("invalid name: name is empty")
	case IsPredefined(name):
		return fmt.Errorf("operation is not permitted on predefined %s network: choose another name", name)
	case strings.HasPrefix(name, "container:"):
		return fmt.Errorf("network name %q is reserved and cannot be created: choose another", name)
	case !named.MatchString(name) || len(name) > 200:
		return fmt.Errorf("invalid network name %q: only [a-zA-Z0-9][a-zA-Z0-9_.-]* is allowed", name)
	}
	return nil
}

// NotFound is the error for a network that is not there.
type NotFound struct{ Ref string }

// Error is part of error.
func (e NotFound) Error() string {
	return fmt.Sprintf("network %s not found: drydock network ls has those that are", e.Ref)
}

// Find returns the network with a name, an id, or the beginning of one.
func Find(root, ref string) (Network, error) {
	all, err := List(root)
	if err != nil {
		return Network{}, err
	}
	var found []Network
	for _, n := range all {
		if n.Name == ref || n.ID == ref && ref != "" {
			return n, n.Damaged
		}
		if ref != "" && strings.HasPrefix(n.ID, ref) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return Network{}, NotFound{ref}
	case 1:
		return found[0], nil
	}
	return Network{}, fmt.Errorf("network %s is ambiguous (%d matches found based on ID prefix): give more of it, or a name", ref, len(found))
}
