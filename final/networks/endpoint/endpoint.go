// Package endpoint reads on which networks a container is to be, and as whom.
//
// The problem: a container may be on several networks, with an address and with names of its own in each. Docker has flags
// for the first one (--ip, --network-alias), and puts all that into --network itself for the others.
//
// The format is NAME, or words with commas between them:
//
//	--network mynet --ip 10.1.0.9 --network-alias db
//	--network name=mynet,ip=10.1.0.9,alias=db,gw-priority=1 --network other
//
// To read: docker-run(1) on --network; docs.docker.com on "Networking overview".
package endpoint

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"drydock/final/networks"
	"drydock/internal/flags"
)

// A Wish is what a container is to be on one network.
type Wish struct {
	Network  string     `json:"network"` // a name, or an id
	Aliases  []string   `json:"aliases,omitempty"`
	Address  netip.Addr `json:"address,omitzero"` // the zero value: any
	Address6 netip.Addr `json:"address6,omitzero"`
	Hardware string     `json:"hardware,omitempty"` // "": any
	Priority int        `json:"priority,omitempty"` // the highest is the container's way to the others
}

// Values are the flags of run as they were given.
type Values struct {
	Wishes []Wish
	First  Wish // for the first of them, or for the default network
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	alias := parser(func(text string) error {
		v.First.Aliases = append(v.First.Aliases, text)
		return nil
	})
	return []flags.Flag{
		{Name: "network", Value: parser(v.add), Usage: "be on this `NETWORK`: bridge, none, host, container:NAME, or one of yours, which may be several (bridge)"},
		{Name: "net", Value: parser(v.add), Usage: "the same, as `NETWORK` was given once"},
		{Name: "network-alias", Value: alias, Usage: "`NAME` by which others on the network find it too"},
		{Name: "net-alias", Value: alias, Usage: "the same, as `NAME` was given once"},
		{Name: "ip", Value: parser(v.First.setAddress), Usage: "have this `ADDRESS` on the network"},
		{Name: "ip6", Value: parser(v.First.setAddress6), Usage: "have this IPv6 `ADDRESS` on the network"},
		{Name: "mac-address", Value: parser(v.First.setHardware), Usage: "have this MAC `ADDRESS`, such as 02:00:00:00:00:01"},
	}
}

// ConnectFlags are those of network connect, which fill the wish for that network.
func ConnectFlags(w *Wish) []flags.Flag {
	return []flags.Flag{
		{Name: "alias", Value: flags.List{To: &w.Aliases}, Usage: "`NAME` by which others on the network find it too"},
		{Name: "ip", Value: parser(w.setAddress), Usage: "have this `ADDRESS` on the network"},
		{Name: "ip6", Value: parser(w.setAddress6), Usage: "have this IPv6 `ADDRESS` on the network"},
		{Name: "gw-priority", Value: parser(w.setPriority), Usage: "the network with the highest `N` is the container's way to the others (0)"},
	}
}

// A parser is a flag.Value that a function reads, each time that it is given.
type parser func(text string) error

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p(text) }

// add reads one --network.
func (v *Values) add(text string) error {
	if !strings.Contains(text, "=") {
		v.Wishes = append(v.Wishes, Wish{Network: text})
		return nil
	}
	var w Wish
	for field := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(field, "=")
		if !found {
			return fmt.Errorf("invalid field %s: give KEY=VALUE", field)
		}
		if err := w.set(strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	if w.Network == "" {
		return errors.New("network name/id is not specified: give name=NAME")
	}
	v.Wishes = append(v.Wishes, w)
	return nil
}

func (w *Wish) set(key, value string) error {
	switch key {
	case "name":
		w.Network = value
	case "alias":
		w.Aliases = append(w.Aliases, value)
	case "ip":
		return w.setAddress(value)
	case "ip6":
		return w.setAddress6(value)
	case "mac-address":
		return w.setHardware(value)
	case "gw-priority":
		return w.setPriority(value)
	default:
		return fmt.Errorf("invalid field key %s: there are name, alias, ip, ip6, mac-address, gw-priority", key)
	}
	return nil
}

func (w *Wish) setAddress(text string) (err error)  { return setAddress(&w.Address, text) }
func (w *Wish) setAddress6(text string) (err error) { return setAddress(&w.Address6, text) }

func setAddress(to *netip.Addr, text string) (err error) {
	if *to, err = netip.ParseAddr(text); err != nil {
		return fmt.Errorf("failed to parse IP: %q", text)
	}
	return nil
}

func (w *Wish) setHardware(text string) error {
	if parsed, err := net.ParseMAC(text); err != nil || len(parsed) != 6 {
		return fmt.Errorf("%s is not a valid mac address", text)
	}
	w.Hardware = strings.ToLower(text)
	return nil
}

func (w *Wish) setPriority(text string) (err error) {
	w.Priority, err = strconv.Atoi(text)
	return err
}

// Networks returns what the flags say, or why it cannot be: one wish at least, and several only if all are for
// networks with bridges.
func (v Values) Networks() ([]Wish, error) {
	wishes := slices.Clone(v.Wishes)
	if len(wishes) == 0 {
		wishes = []Wish{{Network: networks.Bridge}}
	}
	first := &wishes[0]
	if err := merge(first, v.First); err != nil {
		return nil, err
	}
	for i := range wishes {
		w := &wishes[i]
		if w.Network == "default" {
			w.Network = networks.Bridge
		}
		if err := w.check(len(wishes) > 1); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(wishes[:i], func(other Wish) bool { return other.Network == w.Network }) {
			return nil, fmt.Errorf("network %q is specified multiple times: name it once", w.Network)
		}
	}
	return wishes, nil
}

// merge puts into the first wish what has flags of its own.
func merge(w *Wish, first Wish) error {
	isSaid := w.Address.IsValid() && first.Address.IsValid() || w.Address6.IsValid() && first.Address6.IsValid() ||
		w.Hardware != "" && first.Hardware != "" || w.Aliases != nil && first.Aliases != nil
	if isSaid {
		return errors.New("conflicting options: an address or an alias is in --network and in a flag of its own: leave one out")
	}
	if first.Address.IsValid() {
		w.Address = first.Address
	}
	if first.Address6.IsValid() {
		w.Address6 = first.Address6
	}
	if first.Hardware != "" {
		w.Hardware = first.Hardware
	}
	w.Aliases = append(w.Aliases, first.Aliases...)
	return nil
}

// Plain tells whether a network is one without bridges: that of the host, of another container, or none.
func (w Wish) Plain() bool {
	return w.Network == networks.Host || w.Network == networks.None || strings.HasPrefix(w.Network, "container:")
}

func (w Wish) check(several bool) error {
	isUsers := !w.Plain() && w.Network != networks.Bridge
	switch {
	case several && w.Plain():
		return errors.New("conflicting options: cannot attach both user-defined and non-user-defined network-modes: leave --network " + w.Network + " out")
	case !isUsers && len(w.Aliases) > 0:
		return errors.New("network-scoped aliases are only supported for user-defined networks: make one: drydock network create")
	case !isUsers && (w.Address.IsValid() || w.Address6.IsValid()):
		return fmt.Errorf("invalid config for network %s: invalid endpoint settings: user-specified IP address is supported on user-defined networks only: make one: drydock network create --subnet", w.Network)
	case w.Plain() && w.Hardware != "":
		return fmt.Errorf("conflicting options: mac-address and the network mode: leave --mac-address or --network %s out", w.Network)
	}
	return nil
}
