package dns

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// An outside is a server that is asked what ours does not know.
type outside struct {
	Upstream
	asked atomic.Int32
	close func()
}

// upstream has one listen that knows these answers by "NAME. TYPE", and that there is nothing else.
func upstream(t *testing.T, known map[string]dnsmessage.ResourceBody) *outside {
	t.Helper()
	o := &outside{}
	o.listen(t, func(q query) []byte {
		o.asked.Add(1)
		m := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: q.header.ID, Response: true, RecursionDesired: true, RecursionAvailable: true, RCode: dnsmessage.RCodeNameError},
			Questions: []dnsmessage.Question{q.question},
		}
		if b, ok := known[q.question.Name.String()+" "+q.question.Type.String()[len("Type"):]]; ok {
			m.RCode, m.Authoritative = dnsmessage.RCodeSuccess, true
			m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.question.Name, Type: q.question.Type, Class: dnsmessage.ClassINET}, Body: b}}
		}
		packed, err := m.Pack()
		if err != nil {
			t.Error(err)
		}
		return packed
	})
	return o
}

// listen has it answer by both protocols, with what answer says; nothing is not sent.
func (o *outside) listen(t *testing.T, answer func(query) []byte) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		buffer := make([]byte, maxMessage)
		for {
			n, from, err := udp.ReadFrom(buffer)
			if err != nil {
				return
			}
			q, _ := parse(buffer[:n])
			if text := answer(q); text != nil {
				_, _ = udp.WriteTo(text, from)
			}
		}
	})
	both.Go(func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			if message, err := receive(conn); err == nil {
				q, _ := parse(message)
				_ = send(conn, answer(q))
			}
			conn.Close()
		}
	})
	o.close = sync.OnceFunc(func() {
		udp.Close()
		tcp.Close()
		both.Wait()
	})
	t.Cleanup(o.close)
	o.Address, o.Dial = netip.MustParseAddrPort(tcp.Addr().String()), new(net.Dialer).DialContext
}

// closed is a server that is not there.
func (*outside) closed(t *testing.T) Upstream {
	t.Helper()
	o := upstream(t, nil)
	o.close()
	return o.Upstream
}

// TestNext asks the next server if one has no answer, and no more than three.
func TestNext(t *testing.T) {
	unableOne := &outside{}
	unableOne.listen(t, unable)
	refusing := &outside{}
	refusing.listen(t, func(q query) []byte { return reply(q, nil, dnsmessage.RCodeRefused, maxDatagram) })
	good, second := upstream(t, others()), upstream(t, nil)
	s := &Server{Hosts: none, IsShort: never, Upstream: []Upstream{unableOne.Upstream, refusing.Upstream, good.Upstream, second.Upstream}}
	for _, words := range []string{"there.example", "there.example +tcp"} {
		if got := show(ask(t, s, words)); got != "NOERROR qr aa rd ra\nthere.example. 0 IN A 192.0.2.1" {
			t.Errorf("%s: %s", words, got)
		}
	}
	s.Upstream = append([]Upstream{unableOne.Upstream}, s.Upstream...)
	if got := show(ask(t, s, "there.example")); got != "SERVFAIL qr rd" {
		t.Errorf("the fourth server: %s", got)
	}
	if good.asked.Load() != 2 || second.asked.Load() != 0 {
		t.Errorf("asked were %d and %d", good.asked.Load(), second.asked.Load())
	}
}

// TestGuess has somebody guess answers: with another id, or to another question. They are not taken.
func TestGuess(t *testing.T) {
	o := &outside{}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	o.Address, o.Dial = netip.MustParseAddrPort(udp.LocalAddr().String()), new(net.Dialer).DialContext
	go func() {
		buffer := make([]byte, maxMessage)
		n, from, err := udp.ReadFrom(buffer)
		if err != nil {
			return
		}
		q, _ := parse(buffer[:n])
		wrong, other, kind := q, q, q
		wrong.header.ID++
		other.question.Name = dnsmessage.MustNewName("else.example.")
		kind.question.Type = dnsmessage.TypeAAAA
		_, _ = udp.WriteTo(reply(other, nil, dnsmessage.RCodeNameError, maxDatagram), from)
		for i, q := range []query{wrong, other, kind, q} {
			body := &dnsmessage.AResource{A: [4]byte{192, 0, 2, byte(i)}}
			_, _ = udp.WriteTo(reply(q, []dnsmessage.ResourceBody{body}, 0, maxDatagram), from)
		}
	}()
	s := &Server{Hosts: none, IsShort: never, Upstream: []Upstream{o.Upstream}}
	if got := show(ask(t, s, "there.example")); got != "NOERROR qr rd ra\nthere.example. 600 IN A 192.0.2.3" {
		t.Error(got)
	}
}

// TestSilent has a server that never answers: what is asked meanwhile of containers is answered at once,
// and the next server is asked after a while.
func TestSilent(t *testing.T) {
	silent := &outside{}
	asked := make(chan bool, 1)
	silent.listen(t, func(query) []byte {
		asked <- true
		return nil
	})
	good := upstream(t, others())
	s := &Server{
		Hosts: func() ([]Host, error) { return world()["asker"], nil }, IsShort: never,
		Upstream: []Upstream{silent.Upstream, good.Upstream},
	}
	address := serve(t, s)
	conn, err := net.Dial("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	message, _ := asking(t, "there.example")
	if _, err := conn.Write(message); err != nil {
		t.Fatal(err)
	}
	select {
	case <-asked:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was asked")
	}
	began := time.Now()
	web, _ := asking(t, "web")
	var m dnsmessage.Message
	if err := m.Unpack(exchange(t, address, "udp", web)); err != nil || len(m.Answers) != 1 {
		t.Errorf("%v: %v", m, err)
	}
	if took := time.Since(began); took > usualPatience/2 {
		t.Errorf("it took %v", took)
	}

	s = &Server{Hosts: none, IsShort: never, Upstream: s.Upstream, patience: time.Second / 2}
	if got := show(ask(t, s, "there.example")); got != "NOERROR qr aa rd ra\nthere.example. 0 IN A 192.0.2.1" {
		t.Errorf("after a server that is silent: %s", got)
	}
}

// TestItself has a server that is to ask itself. It does not.
func TestItself(t *testing.T) {
	dialed := 0
	itself := Upstream{netip.MustParseAddrPort("127.0.0.11:53"), func(context.Context, string, string) (net.Conn, error) {
		dialed++
		return nil, net.ErrClosed
	}}
	s := &Server{Hosts: none, IsShort: never, Upstream: []Upstream{itself, itself}}
	if got := show(ask(t, s, "there.example")); got != "SERVFAIL qr rd" || dialed != 0 {
		t.Errorf("%s, asked %d times", got, dialed)
	}
}

// TestOld has an old server, that does not understand what is new and sends no more than that: its client is told.
func TestOld(t *testing.T) {
	o := &outside{}
	o.listen(t, func(q query) []byte {
		m := dnsmessage.Message{Header: dnsmessage.Header{ID: q.header.ID, Response: true, RCode: dnsmessage.RCodeFormatError}}
		packed, err := m.Pack()
		if err != nil {
			t.Error(err)
		}
		return packed
	})
	if m := ask(t, &Server{Hosts: none, IsShort: never, Upstream: []Upstream{o.Upstream}}, "there.example"); m.RCode != dnsmessage.RCodeFormatError {
		t.Error(show(m))
	}
}

// TestFull has as many questions wait as may: the next one is answered at once, that there is no answer. When
// the server ends, so do they.
func TestFull(t *testing.T) {
	dialing, ended := make(chan bool), make(chan bool)
	endless := Upstream{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialing <- true
		<-ctx.Done()
		ended <- true
		return nil, ctx.Err()
	}}
	tcp, udp := listeners(t)
	served := make(chan error)
	s := &Server{Hosts: none, IsShort: never, Upstream: []Upstream{endless}, patience: time.Hour}
	go func() { served <- s.Serve(udp, tcp) }()
	conn, err := net.Dial("udp", udp.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	message, _ := asking(t, "there.example")
	for range maxWaiting {
		if _, err := conn.Write(message); err != nil {
			t.Fatal(err)
		}
		<-dialing
	}
	var m dnsmessage.Message
	if err := m.Unpack(exchange(t, udp.LocalAddr().String(), "udp", message)); err != nil || m.RCode != dnsmessage.RCodeServerFailure {
		t.Errorf("%v: %v", m, err)
	}
	tcp.Close()
	for range maxWaiting {
		<-ended
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestMany asks many things by one socket, before there is an answer to any: each gets its own.
func TestMany(t *testing.T) {
	const many = 40
	o := &outside{}
	echo := func(q query) []byte {
		return reply(q, []dnsmessage.ResourceBody{&dnsmessage.AResource{A: [4]byte{192, 0, 2, byte(q.header.ID)}}}, 0, maxDatagram)
	}
	held := make(chan func(), many)
	o.Dial = func(_ context.Context, _, _ string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			buffer := make([]byte, maxMessage)
			n, err := server.Read(buffer)
			if err != nil {
				t.Error(err)
				return
			}
			q, _ := parse(buffer[:n])
			held <- func() { _, _ = server.Write(echo(q)) }
		}()
		return client, nil
	}
	conn, err := net.Dial("udp", serve(t, &Server{Hosts: none, IsShort: never, Upstream: []Upstream{o.Upstream}}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i := range many {
		message, _ := asking(t, fmt.Sprintf("n%d.example", i))
		message[0], message[1] = 0, byte(i)
		if _, err := conn.Write(message); err != nil {
			t.Fatal(err)
		}
	}
	for range many {
		go (<-held)()
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range many {
		buffer := make([]byte, maxMessage)
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		var m dnsmessage.Message
		if err := m.Unpack(buffer[:n]); err != nil {
			t.Fatal(err)
		}
		name := m.Questions[0].Name.String()
		if name != fmt.Sprintf("n%d.example.", m.ID) || body(m.Answers[0].Body) != fmt.Sprintf("A 192.0.2.%d", m.ID) {
			t.Errorf("%d is %s: %s", m.ID, name, body(m.Answers[0].Body))
		}
		seen[name] = true
	}
	if len(seen) != many {
		t.Errorf("%d names have an answer", len(seen))
	}
}
