package dns

import (
	"net/netip"
	"slices"
	"strings"
)

// A Host is a container as those who share a network with it know it.
type Host struct {
	Name      string
	Aliases   []string // what it is called besides: its short id, its hostname, and what the user has said
	Network   string
	Addresses []netip.Addr
}

// isCalled tells whether a name means the host. Capitals make no difference: RFC 4343.
func (h Host) isCalled(name string) bool {
	same := func(own string) bool {
		return strings.EqualFold(own, name) || strings.EqualFold(own+"."+h.Network, name)
	}
	return same(h.Name) || slices.ContainsFunc(h.Aliases, same)
}

// find returns the addresses of a name, which several hosts may have: those in the first network that knows it.
func find(all []Host, name string) (found []netip.Addr, known bool) {
	network := ""
	for _, h := range all {
		if h.isCalled(name) && (!known || h.Network == network) {
			network, known = h.Network, true
			found = append(found, h.Addresses...)
		}
	}
	return found, known
}

// findAddress returns the whole name of the host that has the address in a name such as 2.0.17.172.in-addr.arpa.
func findAddress(all []Host, name string) (host string, known bool) {
	address, ok := reversed(name)
	for _, h := range all {
		if ok && slices.Contains(h.Addresses, address) {
			return h.Name + "." + h.Network + ".", true
		}
	}
	return "", false
}

// reversed is the address in such a name: for IPv4, the bytes from the last to the first (RFC 1035, 3.5), and
// for IPv6 the hexadecimal digits (RFC 3596, 2.5).
func reversed(name string) (address netip.Addr, ok bool) {
	name = strings.ToLower(name)
	four, isFour := strings.CutSuffix(name, ".in-addr.arpa")
	six, isSix := strings.CutSuffix(name, ".ip6.arpa")
	var err error
	switch {
	case isFour:
		bytes := strings.Split(four, ".")
		slices.Reverse(bytes)
		address, err = netip.ParseAddr(strings.Join(bytes, "."))
	case isSix:
		digits := strings.Split(six, ".")
		slices.Reverse(digits)
		var groups []string
		for group := range slices.Chunk(digits, 4) {
			groups = append(groups, strings.Join(group, ""))
		}
		address, err = netip.ParseAddr(strings.Join(groups, ":"))
	}
	return address, err == nil && address.IsValid()
}
