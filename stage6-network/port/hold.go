package port

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// Taken is the error for a port that somebody else has.
type Taken struct{ Host netip.AddrPort }

// Error is part of error. The first words are Docker's.
func (e Taken) Error() string {
	return fmt.Sprintf("Bind for %s failed: port is already allocated: choose another, or end what has it: a program (ss -lnp 'sport = %d'), or a container (see the command port)", e.Host, e.Host.Port())
}

// held are ports that nobody else gets.
type held []io.Closer

// Hold binds the host's ports of the mappings: all of them, or none. They are held until they are
// closed, or this process ends.
func Hold(mappings []Mapping) (io.Closer, error) {
	var sockets held
	for _, m := range mappings {
		socket, err := m.bind()
		if errors.Is(err, unix.EADDRINUSE) {
			err = Taken{m.Host}
		} else if errors.Is(err, unix.EADDRNOTAVAIL) {
			err = fmt.Errorf("failed to bind host port %s/%s: cannot assign requested address: give an address that the host has: ip address", m.Host, m.Protocol)
		} else if err != nil {
			err = fmt.Errorf("failed to bind host port %s/%s: %w", m.Host, m.Protocol, err)
		}
		if err != nil {
			return nil, errors.Join(err, sockets.Close())
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

// bind binds a port that nobody else has, and refuses whoever connects before the rules are there: he would
// wait for ever for somebody to answer.
func (m Mapping) bind() (io.Closer, error) {
	kernel.Tell("nobody else gets this port: what was there first would not be asked", func() (string, string) {
		return fmt.Sprintf("bind(…, %s/%s)", m.Host, m.Protocol), ""
	})
	var config net.ListenConfig
	if m.Protocol == "udp" {
		return config.ListenPacket(context.Background(), "udp4", m.Host.String())
	}
	listener, err := config.Listen(context.Background(), "tcp4", m.Host.String())
	if err != nil {
		return nil, err
	}
	if err := keep(listener.(*net.TCPListener)); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// keep has a socket that listens keep its port without listening. It was bound with SO_REUSEADDR, as
// connections of a server that was there before may not have ended for good. Sockets that all have that option
// share a port until one listens; so it is taken back, and nobody shares. socket(7).
func keep(listener *net.TCPListener) error {
	socket, err := listener.SyscallConn()
	if err != nil {
		return err
	}
	var unshared, silent error
	err = socket.Control(func(fd uintptr) {
		unshared = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
		silent = unix.Shutdown(int(fd), unix.SHUT_RD)
	})
	return errors.Join(err, unshared, silent)
}

// Close gives the ports back.
func (h held) Close() error {
	var failed []error
	for _, socket := range h {
		failed = append(failed, socket.Close())
	}
	return errors.Join(failed...)
}
