// Package dns answers a container that asks for another by name.
//
// The problem: addresses are given out as containers come, and are others' when they have gone. On the
// networks that users make, Docker has containers find each other by name, whoever comes first; /etc/hosts could
// not say that without being rewritten in all of them.
//
// The mechanism: each container has a name server of its own, at 127.0.0.11, in its own network
// namespace: see package inside. The process that owns the container is that server. It knows who is on the
// container's networks now, and hands all other questions on, as they are, to the servers that the host asks.
// So the answer depends on who asks: names are only known to those who share a network.
//
// In a shell: dig @127.0.0.11 web; dig @127.0.0.11 -x 172.18.0.2, in a container.
//
// To read: RFC 1034 and 1035; docs.docker.com on "DNS services". testdata/recorded is what a real Docker answers.
package dns

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// lifetime is for how long an answer may be kept, in seconds: as Docker says.
const lifetime = 600

// smallest is an answer of the fewest bytes: an IPv4 address, for a name that is in the message already. RFC 1035, 3.2.1.
const smallest = 16

// A Server answers one container.
type Server struct {
	// Hosts are the containers that this one shares a network with, and itself, as they are now: those on the
	// network that is asked first come first. It is called for every question, by several goroutines at once.
	Hosts func() ([]Host, error)
	// Upstream are asked for what is no host's name, in this order. There may be none.
	Upstream []Upstream
	// IsShort tells whether a name is never handed on: because it is to be asked for with a domain appended.
	IsShort func(name string) bool

	patience, idle time.Duration // how long one server, or the next question of a client, is waited for: 0 is the usual
}

// A query is a message that asks one question, as all do.
type query struct {
	header   dnsmessage.Header
	question dnsmessage.Question
	message  []byte
}

// parse reads a message. What asks nothing, or is no message, is not worth an answer.
func parse(message []byte) (q query, ok bool) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || header.Response {
		return q, false
	}
	question, err := p.Question()
	return query{header, question, message}, err == nil
}

// answer returns what to answer, or false if the question is for others. Docker knows
// addresses and names; for a host that is known there is no mail exchanger, and that is an answer too.
func (s *Server) answer(q query) (resources []dnsmessage.ResourceBody, code dnsmessage.RCode, isOurs bool) {
	if q.header.OpCode != 0 || q.question.Class != dnsmessage.ClassINET {
		return nil, 0, false
	}
	hosts, err := s.Hosts()
	if err != nil {
		return nil, dnsmessage.RCodeServerFailure, true
	}
	name := strings.TrimSuffix(q.question.Name.String(), ".")
	switch kind := q.question.Type; kind {
	case dnsmessage.TypeA, dnsmessage.TypeAAAA:
		addresses, known := find(hosts, name)
		return bodies(kind, addresses), 0, known || s.IsShort(name)
	case dnsmessage.TypeMX:
		_, known := find(hosts, name)
		return nil, 0, known
	case dnsmessage.TypePTR:
		host, known := findAddress(hosts, name)
		target, err := dnsmessage.NewName(host)
		if err != nil {
			return nil, dnsmessage.RCodeServerFailure, true
		}
		return []dnsmessage.ResourceBody{&dnsmessage.PTRResource{PTR: target}}, 0, known
	}
	return nil, 0, false
}

// bodies are the addresses of the kind that was asked for, in any order: whoever takes the first each
// time is to reach all of them.
func bodies(kind dnsmessage.Type, addresses []netip.Addr) (all []dnsmessage.ResourceBody) {
	for _, address := range addresses {
		switch {
		case kind == dnsmessage.TypeA && address.Is4():
			all = append(all, &dnsmessage.AResource{A: address.As4()})
		case kind == dnsmessage.TypeAAAA && address.Is6():
			all = append(all, &dnsmessage.AAAAResource{AAAA: address.As16()})
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// reply is a message to whoever has asked. What has more than room bytes, or a name in it that DNS does
// not allow, says so.
func reply(q query, resources []dnsmessage.ResourceBody, code dnsmessage.RCode, room int) []byte {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: q.header.ID, Response: true, OpCode: q.header.OpCode, RCode: code,
			RecursionDesired: q.header.RecursionDesired, RecursionAvailable: code == dnsmessage.RCodeSuccess,
		},
		Questions: []dnsmessage.Question{q.question},
	}
	for _, body := range resources[:min(len(resources), room/smallest)] { // more do not fit, nor do so many
		header := dnsmessage.ResourceHeader{Name: q.question.Name, Type: q.question.Type, Class: q.question.Class, TTL: lifetime}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: body})
	}
	packed, err := m.Pack()
	for ; err == nil && len(packed) > room; packed, err = m.Pack() {
		m.Truncated, m.Answers = true, m.Answers[:len(m.Answers)-1] // the client may ask again, by TCP
	}
	if err != nil && resources != nil {
		return reply(q, nil, dnsmessage.RCodeServerFailure, room)
	}
	return packed
}
