package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// idle is for how long answers to a client are waited for: as for docker-proxy.
	idle = 90 * time.Second
	// maxClients is how many may be waited for at once.
	maxClients = 1024
	// maxDatagram is the largest there is.
	maxDatagram = 1<<16 - 1
)

// clients are those who have sent something, each with a socket of its own: so it is known whom an answer is for.
type clients struct {
	sync.Mutex
	sockets map[string]net.Conn
}

// serveDatagrams passes on datagrams, until the proxy is closed.
func (p *Proxy) serveDatagrams(where func() netip.Addr) error {
	all := clients{sockets: map[string]net.Conn{}}
	defer all.close()
	buffer := make([]byte, maxDatagram)
	for {
		n, from, err := p.udp.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil {
			return fmt.Errorf("published port %s: %w", p.Mapping, err)
		}
		socket, err := p.socket(&all, from, where)
		if err != nil {
			continue // a datagram may be lost
		}
		_, _ = socket.Write(buffer[:n])
	}
}

// socket is that of a client, which is made for its first datagram.
func (p *Proxy) socket(all *clients, from net.Addr, where func() netip.Addr) (net.Conn, error) {
	all.Lock()
	defer all.Unlock()
	if socket, known := all.sockets[from.String()]; known {
		return socket, nil
	}
	if len(all.sockets) >= maxClients {
		return nil, errors.New("too many clients")
	}
	socket, err := p.dial(where)
	if err != nil {
		return nil, err
	}
	all.sockets[from.String()] = socket
	go func() {
		p.answer(socket, from)
		all.Lock()
		defer all.Unlock()
		delete(all.sockets, from.String())
		socket.Close()
	}()
	return socket, nil
}

// answer passes the container's answers on to a client, until there have been none for a while.
func (p *Proxy) answer(socket net.Conn, to net.Addr) {
	buffer := make([]byte, maxDatagram)
	for {
		if err := socket.SetReadDeadline(time.Now().Add(idle)); err != nil {
			return
		}
		n, err := socket.Read(buffer)
		if err != nil {
			return // nobody listens, or nobody has answered
		}
		if _, err := p.udp.WriteTo(buffer[:n], to); err != nil {
			return
		}
	}
}

func (c *clients) close() {
	c.Lock()
	defer c.Unlock()
	for _, socket := range c.sockets {
		socket.Close()
	}
}
