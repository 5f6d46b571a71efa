package dns

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"drydock/final/dns/resolvconf"
)

const (
	// maxWaiting is how many questions may wait at once for an answer from outside. (Docker has 1024. Each costs 64 KiB.)
	maxWaiting = 256
	// usualPatience is for how long one server is waited for, as Docker does.
	usualPatience = 4 * time.Second
	// maxAsked is how many servers are asked, one after the other: as resolv.conf(5).
	maxAsked = 3
)

// An Upstream is a server that is asked.
type Upstream struct {
	Address netip.AddrPort
	// Dial connects to it: from the host, or from inside the container.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// ask hands a question on to one server after the other, until one has an answer, which is returned as it
// is: so it has what the client has asked for, known to us or not. network is udp or tcp.
func (s *Server) ask(ctx context.Context, network string, q query) []byte {
	for _, server := range s.Upstream[:min(len(s.Upstream), maxAsked)] {
		if server.Address.Addr() == resolvconf.Local {
			continue // that is we: it would be asked again, and again
		}
		waiting, cancel := context.WithTimeout(ctx, cmp.Or(s.patience, usualPatience))
		answer, err := server.exchange(waiting, network, q)
		cancel()
		if err == nil {
			return answer
		} // or else the next one may be there
	}
	return unable(q)
}

// unable is the answer if nobody knows.
func unable(q query) []byte { return reply(q, nil, dnsmessage.RCodeServerFailure, maxDatagram) }

// exchange asks one server, for as long as ctx lasts.
func (u Upstream) exchange(ctx context.Context, network string, q query) ([]byte, error) {
	conn, err := u.Dial(ctx, network, u.Address.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() }) // which ends what waits for it
	defer stop()
	if network == "tcp" {
		if err := send(conn, q.message); err != nil {
			return nil, err
		}
		answer, err := receive(conn)
		return answer, errors.Join(err, check(answer, q))
	}
	if _, err := conn.Write(q.message); err != nil {
		return nil, err
	}
	buffer := make([]byte, maxMessage)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return nil, err
		}
		if err := check(buffer[:n], q); !errors.Is(err, errOther) {
			return buffer[:n], err
		} // or else somebody guesses what we wait for
	}
}

var (
	errOther  = errors.New("an answer to something else")
	errUnable = errors.New("no answer, though another server may have one")
)

// check tells whether a message is an answer to a question.
func check(message []byte, q query) error {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || !header.Response || header.ID != q.header.ID {
		return errOther
	}
	if header.RCode == dnsmessage.RCodeServerFailure || header.RCode == dnsmessage.RCodeRefused {
		return errUnable
	}
	question, err := p.Question()
	if err != nil && header.RCode != dnsmessage.RCodeSuccess {
		return nil // it has not understood: old servers say no more
	}
	if err != nil || question.Type != q.question.Type || !strings.EqualFold(question.Name.String(), q.question.Name.String()) {
		return errOther
	}
	return nil
}
