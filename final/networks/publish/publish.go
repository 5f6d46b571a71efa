// Package publish reads which of a container's ports are to be published, and finds ports of the host's for them.
//
// The problem: stage 6 publishes one port by one, which the user chooses. Docker's users leave the choice to it, write
// ranges, have all ports published that the image exposes, and name IPv6 addresses.
//
// The mechanism: whether a port is free tells nobody but bind(2). So the ports of a range are tried one after the other, and
// where the user has no range, that is the kernel's own for ports that nobody has asked for. A port that is for any address is to be free
// in IPv4 and in IPv6.
//
// In a shell: cat /proc/sys/net/ipv4/ip_local_port_range; ss -ltn.
//
// To read: docker-run(1) on --publish and --publish-all; ip(7) on ip_local_port_range.
package publish

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"drydock/internal/flags"
)

// A Request is one port of a container's, and where it is to be published.
type Request struct {
	Address   netip.Addr // the zero value: any
	First     uint16     // of the host's ports that it may be, in this order; 0 is any
	Last      uint16
	Container uint16
	Protocol  string // tcp or udp
}

// Values are the flags as they were typed.
type Values struct {
	Publish []string
	Expose  []string
	All     bool
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{
		{Name: "publish", Short: "p", Value: flags.List{To: &v.Publish}, Usage: "have a `PORT` of the host's stand for one of the container's: [[IP:][8080[-8090]]:]80[-90][/udp]"},
		{Name: "publish-all", Short: "P", Value: flags.Bool{To: &v.All}, Usage: "publish all ports that are exposed, by any that are free"},
		{Name: "expose", Value: flags.List{To: &v.Expose}, Usage: "the program listens at `PORT` too, or at each of a range: 80[-90][/udp]"},
	}
}

// Requests returns what the flags ask for. exposed are the ports that the image exposes, as 80/tcp.
func (v Values) Requests(exposed []string) (all []Request, err error) {
	for _, spec := range v.Publish {
		some, err := parse(spec)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	further, err := v.Exposed(exposed)
	if err != nil || !v.All {
		return all, err
	}
	for _, request := range further {
		if !slices.ContainsFunc(all, func(r Request) bool { return r.Container == request.Container && r.Protocol == request.Protocol }) {
			all = append(all, request)
		}
	}
	return all, nil
}

// Exposed are the ports of --expose and of the image, each once, in Docker's order.
func (v Values) Exposed(image []string) (all []Request, err error) {
	for _, spec := range append(slices.Clone(v.Expose), image...) {
		text, protocol, _ := strings.Cut(spec, "/")
		first, last, err := ports("--expose", text)
		if err != nil || first == 0 {
			return nil, fmt.Errorf("invalid range format for --expose: %s: give 80, 80-90 or 80/udp", spec)
		}
		if protocol, err = checkProtocol(protocol); err != nil {
			return nil, err
		}
		for n := int(first); n <= int(last); n++ {
			all = append(all, Request{Container: uint16(n), Protocol: protocol})
		}
	}
	slices.SortFunc(all, func(a, b Request) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), strings.Compare(a.Protocol, b.Protocol))
	})
	return slices.Compact(all), nil
}

// parse reads one argument of --publish.
func parse(spec string) (all []Request, err error) {
	mapping, protocol, _ := strings.Cut(spec, "/")
	rest, container := cutLast(mapping)
	address, host := cutLast(rest)
	if container == "" {
		return nil, fmt.Errorf("no port specified: %s<empty>: give [[IP:]HOST:]CONTAINER[/udp]", spec)
	}
	var r Request
	if r.Protocol, err = checkProtocol(protocol); err != nil {
		return nil, err
	}
	if address != "" {
		if r.Address, err = netip.ParseAddr(strings.Trim(address, "[]")); err != nil {
			return nil, fmt.Errorf("invalid IP address: %s: give one of the host's", address)
		}
	}
	first, last, err := ports("containerPort", container)
	if err == nil && first == 0 {
		err = fmt.Errorf("invalid port specification: %q: the container's port is to be 1 or more", spec)
	}
	if err != nil {
		return nil, err
	}
	if r.First, r.Last, err = ports("hostPort", cmp.Or(host, "0")); err != nil {
		return nil, err
	}
	return r.each(first, last, fmt.Sprintf("%s and %s", container, host))
}

// each are the requests for the container's ports of a range: by as many of the host's, in the same order; or for one
// port, by any of several.
func (r Request) each(first, last uint16, words string) (all []Request, err error) {
	if first != last && r.First != 0 && last-first != r.Last-r.First {
		return nil, fmt.Errorf("invalid ranges specified for container and host Ports: %s: give ranges of the same length", words)
	}
	for i := 0; i <= int(last-first); i++ {
		one := r
		one.Container = first + uint16(i) //nolint:gosec // at most last
		if first != last && r.First != 0 {
			one.First = r.First + uint16(i) //nolint:gosec // at most r.Last
			one.Last = one.First
		}
		all = append(all, one)
	}
	return all, nil
}

// cutLast cuts at the last colon that is not in brackets, as those of an IPv6 address may be.
func cutLast(text string) (before, after string) {
	i := strings.LastIndexByte(text, ':')
	if i < strings.LastIndexByte(text, ']') {
		return text, ""
	}
	return text[:max(i, 0)], text[i+1:]
}

func checkProtocol(protocol string) (string, error) {
	switch protocol = strings.ToLower(cmp.Or(protocol, "tcp")); protocol {
	case "tcp", "udp":
		return protocol, nil
	case "sctp":
		return "", fmt.Errorf("protocol not supported: sctp: publish tcp or udp")
	}
	return "", fmt.Errorf("invalid proto: %s: give tcp or udp", protocol)
}

// ports reads a port, or the first and the last of a range.
func ports(what, text string) (first, last uint16, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	a, failed := strconv.ParseUint(from, 10, 16)
	b, err := strconv.ParseUint(to, 10, 16)
	if failed != nil || err != nil || a > b || isRange && a == 0 {
		return 0, 0, fmt.Errorf("invalid %s: %s: give a number from 1 to 65535, or two with - between them", what, text)
	}
	return uint16(a), uint16(b), nil
}
