// Package port reads what is to be published, and keeps the host's ports for it.
//
// The problem: a container has all ports to itself, and so nobody outside knows which. -p 8080:80 has the host's
// port 8080 stand for the container's 80. The rules that do that (package rules) ask nobody whether 8080 is free:
// they would take it from a web server that has it.
//
// The kernel feature is as old as sockets: to bind a port keeps it, until the socket is closed; and that happens
// in any case when the process ends. Our socket does not listen, and nothing is to arrive there: packets are given
// another destination before the kernel looks for who listens.
//
// In a shell: nc -l -p 8080 & would keep the port.
//
// To read: bind(2), listen(2), ip(7), docker-run(1) on --publish.
package port

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"drydock/internal/flags"
)

// A Mapping publishes a container's port.
type Mapping struct {
	Host      netip.AddrPort // 0.0.0.0 is any address of the host's
	Container uint16
	Protocol  string // tcp or udp
}

// Values are the flags as they were typed.
type Values struct{ Publish []string }

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{{Name: "publish", Short: "p", Value: flags.List{To: &v.Publish}, Usage: "have a `PORT` of the host's stand for one of the container's: [IP:]8080:80[/udp]"}}
}

// Mappings reads what was given with --publish.
func (v Values) Mappings() (all []Mapping, err error) {
	for _, spec := range v.Publish {
		m, err := Parse(spec)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// Parse reads one argument of --publish, of the form [IP:]HOST:CONTAINER[/PROTOCOL].
func Parse(spec string) (m Mapping, err error) {
	mapping, protocol, _ := strings.Cut(spec, "/")
	address, host, container := split(mapping)
	m.Protocol = strings.ToLower(cmp.Or(protocol, "tcp"))
	switch {
	case container == "":
		return m, fmt.Errorf("no port specified: %s<empty>: give [IP:]HOST:CONTAINER[/udp]", spec)
	case m.Protocol == "sctp":
		return m, fmt.Errorf("this stage publishes tcp and udp: %s is for drydock", spec)
	case m.Protocol != "tcp" && m.Protocol != "udp":
		return m, fmt.Errorf("invalid proto: %s: give tcp or udp", protocol)
	}
	ip, err := netip.ParseAddr(cmp.Or(address, "0.0.0.0"))
	if err != nil || ip.IsMulticast() || ip == broadcast {
		return m, fmt.Errorf("invalid IP address: %s: give one of the host's", address)
	}
	if m.Container, err = number("containerPort", container); err != nil {
		return m, err
	}
	port, err := number("hostPort", host)
	switch {
	case err != nil:
		return m, err
	case m.Container == 0:
		return m, fmt.Errorf("invalid port specification: \"0/%s\": the container's port is to be 1 or more", m.Protocol)
	case !ip.Is4():
		return m, fmt.Errorf("this stage publishes IPv4 addresses: %s is for drydock", spec)
	case port == 0:
		return m, fmt.Errorf("this stage publishes a port that you choose: %s is for drydock: give HOST:CONTAINER", spec)
	}
	m.Host = netip.AddrPortFrom(ip, port)
	return m, nil
}

// broadcast is everybody on the link: like a multicast address, none of the host's.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// split splits at the last two colons: an IPv6 address has some of its own, and is in brackets.
func split(mapping string) (address, host, container string) {
	rest, container := cutLast(mapping)
	address, host = cutLast(rest)
	return strings.Trim(address, "[]"), host, container
}

func cutLast(text string) (before, after string) {
	i := strings.LastIndexByte(text, ':')
	return text[:max(i, 0)], text[i+1:]
}

// number reads a port, 0 if there is none.
func number(what, text string) (uint16, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(cmp.Or(text, "0"), "+"), 10, 16)
	if first, last, isRange := strings.Cut(text, "-"); err != nil && isRange && first != "" && last != "" {
		return 0, fmt.Errorf("this stage publishes single ports: the range %s is for drydock", text)
	}
	if err != nil {
		return 0, fmt.Errorf("invalid %s: %s: give a number from 1 to 65535", what, text)
	}
	return uint16(n), nil
}

// String is what docker port prints of it.
func (m Mapping) String() string {
	return fmt.Sprintf("%d/%s -> %s", m.Container, m.Protocol, m.Host)
}

// Sorted returns the mappings in the order of the container's ports.
func Sorted(all []Mapping) []Mapping {
	return slices.SortedStableFunc(slices.Values(all), func(a, b Mapping) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), strings.Compare(a.Protocol, b.Protocol))
	})
}

// Find returns those of the mappings that are of a container's port, which is written 80, 80/tcp or
// 80/udp.
func Find(all []Mapping, spec string) ([]Mapping, error) {
	text, protocol, _ := strings.Cut(spec, "/")
	protocol = cmp.Or(protocol, "tcp")
	n, err := number("port", text)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(m Mapping) bool { return m.Container != n || m.Protocol != protocol }), nil
}
