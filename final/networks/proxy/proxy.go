// Package proxy passes on to a container what comes to a published port by IPv6.
//
// The problem: the rules that publish a port translate addresses, and cannot make an IPv4 address of one of IPv6, which is all
// that most containers have. And of what is sent to ::1 none ever leaves the host: there is no route_localnet for IPv6.
//
// The mechanism: a program in between, as Docker's docker-proxy. It listens at the host's port, and for whoever comes it
// opens a connection of its own to the container, and copies what either says to the other. So the container sees
// the host's address, and not the client's.
//
// In a shell: socat TCP6-LISTEN:8080,fork,ipv6only=1 TCP4:172.18.0.2:80.
//
// To read: ipv6(7) on IPV6_V6ONLY; shutdown(2).
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"drydock/stage6-network/port"
)

// pause is for how long nobody is let in if that does not work.
const pause = 100 * time.Millisecond

// patience is how long a container is waited for that is asked for a connection.
const patience = 10 * time.Second

// A Proxy is a port of the host's at which it listens.
type Proxy struct {
	Mapping port.Mapping
	tcp     net.Listener
	udp     net.PacketConn
}

// Listen binds the host's port of a mapping, an IPv6 one, and so nobody else gets it. See port.Taken.
func Listen(m port.Mapping) (p *Proxy, err error) {
	p = &Proxy{Mapping: m}
	var config net.ListenConfig
	if m.Protocol == "udp" {
		p.udp, err = config.ListenPacket(context.Background(), "udp6", m.Host.String())
	} else {
		p.tcp, err = config.Listen(context.Background(), "tcp6", m.Host.String())
	}
	var number unix.Errno
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		err = port.Taken{Host: m.Host}
	case errors.As(err, &number):
		err = fmt.Errorf("failed to bind host port %s/%s: %w: give an address that the host has: ip address", m.Host, m.Protocol, number)
	}
	return p, err
}

// Close ends it: nobody is listened to any more, and the port is free.
func (p *Proxy) Close() error {
	if p.udp != nil {
		return p.udp.Close()
	}
	return p.tcp.Close()
}

// Serve passes on what comes, until it is closed. where is where the container is: it is asked for each connection, as that
// may change. The zero value is nowhere: then whoever comes is turned away.
func (p *Proxy) Serve(where func() netip.Addr) error {
	if p.udp != nil {
		return p.serveDatagrams(where)
	}
	for {
		conn, err := p.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil { // too many files are open, and will not always be: accept(2)
			<-time.After(pause)
			continue
		}
		go p.pass(conn, where)
	}
}

// dial opens a connection to the container.
func (p *Proxy) dial(where func() netip.Addr) (net.Conn, error) {
	address := where()
	if !address.IsValid() {
		return nil, errors.New("the container has no address")
	}
	dialer := net.Dialer{Timeout: patience}
	return dialer.Dial(p.Mapping.Protocol, netip.AddrPortFrom(address, p.Mapping.Container).String())
}

// pass copies both ways until both sides have said all. An end that either says, the other one hears.
func (p *Proxy) pass(client net.Conn, where func() netip.Addr) {
	defer client.Close()
	server, err := p.dial(where)
	if err != nil {
		return // as a port at which nobody listens
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { copyAll(server.(*net.TCPConn), client.(*net.TCPConn)) })
	both.Go(func() { copyAll(client.(*net.TCPConn), server.(*net.TCPConn)) })
	both.Wait()
}

// copyAll passes on what one side says. If the other one does not listen any more, the first is not listened to either.
func copyAll(to, from *net.TCPConn) {
	_, _ = io.Copy(to, from) // who has broken the connection knows
	_ = to.CloseWrite()      // it may be closed
	_ = from.CloseRead()
}
