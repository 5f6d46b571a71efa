package publish

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"drydock/final/networks/proxy"
	"drydock/stage6-network/port"
)

// Held are ports of the host's that nobody else gets.
type Held struct {
	// Mappings are what is published, IPv4 and IPv6.
	Mappings []port.Mapping
	// Proxies pass on what comes by IPv6.
	Proxies []*proxy.Proxy
	closers []io.Closer
}

// Close gives the ports back.
func (h *Held) Close() error {
	var failed []error
	for _, closer := range h.closers {
		failed = append(failed, closer.Close())
	}
	return errors.Join(failed...)
}

// Open binds a port of the host's for each request: all of them, or none. Where a request says no address, that is
// usual, or any if usual is none.
func Open(requests []Request, usual netip.Addr) (*Held, error) {
	held := &Held{}
	for _, request := range requests {
		if !request.Address.IsValid() {
			request.Address = usual
		}
		if err := held.choose(request); err != nil {
			return nil, errors.Join(err, held.Close())
		}
	}
	slices.SortStableFunc(held.Mappings, func(a, b port.Mapping) int { return cmp.Compare(a.Host.Addr().BitLen(), b.Host.Addr().BitLen()) })
	held.Mappings = port.Sorted(held.Mappings) // IPv4 before IPv6 for each
	return held, nil
}

// choose takes the first of the ports that a request has room for.
func (h *Held) choose(r Request) error {
	first, last := r.First, r.Last
	if first == 0 {
		var err error
		if first, last, err = ephemeral(); err != nil {
			return err
		}
	}
	var err error
	for n := int(first); n <= int(last); n++ {
		if err = h.bind(r, uint16(n)); !errors.As(err, new(port.Taken)) {
			return err
		}
	}
	return err
}

// ephemeral are the ports that the kernel gives to whoever asks for any: ip(7).
func ephemeral() (first, last uint16, err error) {
	const path = "/proc/sys/net/ipv4/ip_local_port_range"
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscan(string(text), &first, &last); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	return first, last, nil
}

// bind takes one port for a request, in IPv4 and in IPv6 if it is to be at any address.
func (h *Held) bind(r Request, number uint16) error {
	mapping := func(address netip.Addr) port.Mapping {
		return port.Mapping{Host: netip.AddrPortFrom(address, number), Container: r.Container, Protocol: r.Protocol}
	}
	switch {
	case !r.Address.IsValid():
		return h.bindBoth(mapping(netip.IPv4Unspecified()), mapping(netip.IPv6Unspecified()))
	case r.Address.Is4():
		return h.bind4(mapping(r.Address))
	}
	return h.bind6(mapping(r.Address))
}

// bindBoth takes a port in IPv4, and in IPv6 if the host has that.
func (h *Held) bindBoth(four, six port.Mapping) error {
	before := *h
	if err := h.bind4(four); err != nil {
		return err
	}
	err := h.bind6(six)
	if err == nil || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil
	}
	last := h.closers[len(h.closers)-1]
	*h = before
	return errors.Join(err, last.Close())
}

func (h *Held) bind4(m port.Mapping) error {
	held, err := port.Hold([]port.Mapping{m})
	if err != nil {
		return err
	}
	h.Mappings, h.closers = append(h.Mappings, m), append(h.closers, held)
	return nil
}

func (h *Held) bind6(m port.Mapping) error {
	p, err := proxy.Listen(m)
	if err != nil {
		return err
	}
	h.Mappings, h.Proxies, h.closers = append(h.Mappings, m), append(h.Proxies, p), append(h.closers, p)
	return nil
}
