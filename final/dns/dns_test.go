package dns

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// asking is the message that dig sends for NAME [TYPE], or -x ADDRESS, and how: "+tcp" is over that.
func asking(t *testing.T, words string) (message []byte, network string) {
	t.Helper()
	network = "udp"
	if before, is := strings.CutSuffix(words, " +tcp"); is {
		words, network = before, "tcp"
	}
	name, kind, _ := strings.Cut(words, " ")
	q := dnsmessage.Question{Class: dnsmessage.ClassINET, Type: map[string]dnsmessage.Type{
		"": dnsmessage.TypeA, "AAAA": dnsmessage.TypeAAAA, "MX": dnsmessage.TypeMX, "TXT": dnsmessage.TypeTXT,
	}[kind]}
	if name == "-x" {
		name, q.Type = backwards(netip.MustParseAddr(kind)), dnsmessage.TypePTR
	}
	q.Name = dnsmessage.MustNewName(strings.TrimSuffix(name, ".") + ".")
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: 0xD0C, RecursionDesired: true}, Questions: []dnsmessage.Question{q}}
	message, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return message, network
}

// backwards is the name for which the PTR record of an address is.
func backwards(address netip.Addr) string {
	var parts []string
	if address.Is4() {
		parts = strings.Split(address.String(), ".")
		slices.Reverse(parts)
		return strings.Join(parts, ".") + ".in-addr.arpa"
	}
	for _, b := range address.As16() {
		parts = append(parts, fmt.Sprintf("%x", b>>4), fmt.Sprintf("%x", b&15))
	}
	slices.Reverse(parts)
	return strings.Join(parts, ".") + ".ip6.arpa"
}

// listeners are sockets of this host's, with the same port, for a server to listen at.
func listeners(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return tcp, udp
}

// serve has a server listen, until the test ends, and returns where.
func serve(t *testing.T, s *Server) string {
	t.Helper()
	tcp, udp := listeners(t)
	ended := make(chan error)
	go func() { ended <- s.Serve(udp, tcp) }()
	t.Cleanup(func() {
		udp.Close() // which ends both
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return tcp.Addr().String()
}

// ask asks a server as dig would.
func ask(t *testing.T, s *Server, words string) (m dnsmessage.Message) {
	t.Helper()
	message, network := asking(t, words)
	if err := m.Unpack(exchange(t, serve(t, s), network, message)); err != nil {
		t.Errorf("%s: %v", words, err)
	}
	return m
}

// exchange sends a message to an address and returns what comes back.
func exchange(t *testing.T, address, network string, message []byte) []byte {
	t.Helper()
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, maxMessage)
	if network == "tcp" {
		err = send(conn, message)
		if err == nil {
			answer, err = receive(conn)
		}
	} else {
		_, err = conn.Write(message)
		if err == nil {
			var n int
			n, err = conn.Read(answer)
			answer = answer[:n]
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// none is what a Server needs to know nobody.
func none() ([]Host, error) { return nil, nil }

func never(string) bool { return false }

func TestHostsUnknown(t *testing.T) {
	s := &Server{Hosts: func() ([]Host, error) { return nil, errors.New("no such file") }, IsShort: never}
	if got := show(ask(t, s, "web")); got != "SERVFAIL qr rd" {
		t.Error(got)
	}
}

// TestLarge has a name that so many have that not all fit in a datagram: by TCP, all do.
func TestLarge(t *testing.T) {
	many := Host{Name: "many", Network: "net"}
	for i := range 100 {
		many.Addresses = append(many.Addresses, netip.AddrFrom4([4]byte{172, 18, 0, byte(i)}))
	}
	s := &Server{Hosts: func() ([]Host, error) { return []Host{many}, nil }, IsShort: never}
	some := ask(t, s, "many")
	if !some.Truncated || len(some.Answers) < 25 || len(some.Answers) > 31 {
		t.Errorf("by UDP: truncated: %v, %d addresses", some.Truncated, len(some.Answers))
	}
	all := ask(t, s, "many +tcp")
	if all.Truncated || len(all.Answers) != 100 {
		t.Errorf("by TCP: truncated: %v, %d addresses", all.Truncated, len(all.Answers))
	}
}

// TestNames has names that DNS does not have: they are no reason to answer nothing.
func TestNames(t *testing.T) {
	long := Host{Name: strings.Repeat("a", 64), Network: "net", Addresses: []netip.Addr{netip.MustParseAddr("172.18.0.2")}}
	longer := Host{Name: strings.Repeat("a.", 130), Network: "net", Addresses: []netip.Addr{netip.MustParseAddr("172.18.0.3")}}
	s := &Server{Hosts: func() ([]Host, error) { return []Host{long, longer}, nil }, IsShort: never}
	for _, words := range []string{"-x 172.18.0.2", "-x 172.18.0.3"} {
		if got := show(ask(t, s, words)); got != "SERVFAIL qr rd" {
			t.Errorf("%s: %s", words, got)
		}
	}
}

func TestReversed(t *testing.T) {
	for _, address := range []string{"172.18.0.2", "fd00:31::2", "::"} {
		if got, ok := reversed(strings.ToUpper(backwards(netip.MustParseAddr(address)))); !ok || got.String() != address {
			t.Errorf("%s is %s, %v", address, got, ok)
		}
	}
	for _, name := range []string{"", "in-addr.arpa", "2.0.18.172.example", "0.18.172.in-addr.arpa", "2.0.18.1722.in-addr.arpa", "2.0.d.f.ip6.arpa", "x.ip6.arpa", "1.1.in-addr.arpa.ip6.arpa"} {
		if got, ok := reversed(name); ok {
			t.Errorf("%q is %s", name, got)
		}
	}
}

// TestRubbish sends what is no question: the server answers the next one that is.
func TestRubbish(t *testing.T) {
	s := &Server{Hosts: none, IsShort: func(string) bool { return true }}
	address := serve(t, s)
	good, _ := asking(t, "web")
	answer := exchange(t, address, "udp", good)
	for _, message := range [][]byte{{}, {1}, good[:12], good[:len(good)-1], answer} {
		for _, network := range []string{"udp", "tcp"} {
			conn, err := net.Dial(network, address)
			if err != nil {
				t.Fatal(err)
			}
			if network == "tcp" {
				err = send(conn, message)
			} else {
				_, err = conn.Write(message)
			}
			if err != nil {
				t.Error(err)
			}
			conn.Close()
		}
	}
	for _, network := range []string{"udp", "tcp"} {
		exchange(t, address, network, good)
	}
}

// TestEnd closes one socket: that is the end of the other one too, and of a connection that is open.
func TestEnd(t *testing.T) {
	for i := range 2 {
		tcp, udp := listeners(t)
		ended := make(chan error, 1)
		go func() { ended <- (&Server{Hosts: none, IsShort: func(string) bool { return true }}).Serve(udp, tcp) }()
		conn := dial(t, tcp.Addr().String())
		message, _ := asking(t, "web")
		if err := send(conn, message); err != nil {
			t.Fatal(err)
		}
		if _, err := receive(conn); err != nil { // so it is served
			t.Fatal(err)
		}
		[]io.Closer{tcp, udp}[i].Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it does not end")
		}
		if err := []io.Closer{udp, tcp}[i].Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the other one was open: %v", err)
		}
		if _, err := receive(conn); !errors.Is(err, io.EOF) {
			t.Errorf("the connection was open: %v", err)
		}
	}
}

// dial connects to a server, until the test ends.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestConnections has as many connections as there may be, of clients that say nothing: there is no
// other one, until they are closed for that.
func TestConnections(t *testing.T) {
	s := &Server{Hosts: none, IsShort: func(string) bool { return true }, idle: time.Second / 2}
	address := serve(t, s)
	for range maxConnections {
		dial(t, address)
	}
	if _, err := receive(dial(t, address)); !errors.Is(err, io.EOF) {
		t.Errorf("one more: %v", err)
	}
	if _, err := receive(dial(t, address)); !errors.Is(err, io.EOF) {
		t.Errorf("and another: %v", err)
	}
	message, _ := asking(t, "web")
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn := dial(t, address)
		err := send(conn, message)
		if err == nil {
			_, err = receive(conn)
		}
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("nobody is let in: %v", err)
		}
	}
}

// A failing listener has no file left for two connections.
type failing struct {
	net.Listener
	left int
}

func (f *failing) Accept() (net.Conn, error) {
	if f.left--; f.left >= 0 {
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

// TestFiles has the server go on if there are too many files open.
func TestFiles(t *testing.T) {
	tcp, udp := listeners(t)
	ended := make(chan error, 1)
	go func() {
		ended <- (&Server{Hosts: none, IsShort: func(string) bool { return true }}).Serve(udp, &failing{tcp, 2})
	}()
	message, _ := asking(t, "web")
	for _, network := range []string{"udp", "tcp"} {
		exchange(t, tcp.Addr().String(), network, message)
	}
	udp.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestOthers has questions that are not for us to answer, whatever the name.
func TestOthers(t *testing.T) {
	s := &Server{Hosts: func() ([]Host, error) { return world()["asker"], nil }, IsShort: never}
	message, _ := asking(t, "web")
	q, _ := parse(message)
	for words, change := range map[string]func(*query){
		"":            func(*query) {},
		"an update":   func(q *query) { q.header.OpCode = 5 },
		"Chaosnet":    func(q *query) { q.question.Class = dnsmessage.ClassCHAOS },
		"another set": func(q *query) { q.question.Type = dnsmessage.TypeTXT },
	} {
		other := q
		change(&other)
		if _, _, isOurs := s.answer(other); isOurs != (words == "") {
			t.Errorf("%s: ours: %v", words, isOurs)
		}
	}
	q.header.Response = true
	if _, ok := parse(reply(q, nil, 0, maxDatagram)); ok {
		t.Error("an answer is taken for a question: two servers could answer each other for ever")
	}
}

// TestOrder asks often: each host comes first some time.
func TestOrder(t *testing.T) {
	s := &Server{Hosts: func() ([]Host, error) { return world()["asker"], nil }, IsShort: never}
	message, _ := asking(t, "twin")
	q, _ := parse(message)
	first := map[string]bool{}
	for range 100 {
		resources, _, _ := s.answer(q)
		first[body(resources[0])] = true
	}
	if len(first) != 2 {
		t.Errorf("first are %v", first)
	}
}

// FuzzServe has the server read anything: what it answers is a message, and an answer to that.
func FuzzServe(f *testing.F) {
	for _, text := range []string{"\x0d\x0c\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x00\x00\x01\x00\x01", "\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xc0\x0c\x00\x01\x00\x01"} {
		f.Add([]byte(text))
	}
	s := &Server{Hosts: func() ([]Host, error) { return world()["asker"], nil }, IsShort: never}
	f.Fuzz(func(t *testing.T, message []byte) {
		q, ok := parse(message)
		if !ok {
			return
		}
		resources, code, _ := s.answer(q)
		var m dnsmessage.Message
		if err := m.Unpack(reply(q, resources, code, maxDatagram)); err != nil || m.ID != q.header.ID {
			t.Errorf("%x: %v: %v", message, m, err)
		}
	})
}

// TestNetworks has a name on two networks: the first one that knows it answers.
func TestNetworks(t *testing.T) {
	on := func(network, address string) Host {
		return Host{Name: "web", Network: network, Addresses: []netip.Addr{netip.MustParseAddr(address)}}
	}
	s := &Server{Hosts: func() ([]Host, error) { return []Host{on("a", "172.18.0.2"), on("b", "172.19.0.2")}, nil }, IsShort: never}
	for words, want := range map[string]string{"web": "172.18.0.2", "web.a": "172.18.0.2", "web.b": "172.19.0.2"} {
		if got := show(ask(t, s, words)); got != "NOERROR qr rd ra\n"+words+". 600 IN A "+want {
			t.Errorf("%s: %s", words, got)
		}
	}
}
