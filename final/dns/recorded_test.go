package dns

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"

	"drydock/final/dns/resolvconf"
)

// world is what record.sh has made: by container, whom it shares a network with.
func world() map[string][]Host {
	host := func(name, network, aliases string, addresses ...string) Host {
		h := Host{Name: name, Aliases: strings.Fields(aliases), Network: network}
		for _, a := range addresses {
			h.Addresses = append(h.Addresses, netip.MustParseAddr(a))
		}
		return h
	}
	mynet := []Host{
		host("Web", "mynet", "www dotted.alias other WEBID", "172.30.0.2"),
		host("asker", "mynet", "", "172.30.0.3"),
		host("twin1", "mynet", "twin", "172.30.0.4"),
		host("twin2", "mynet", "twin", "172.30.0.5"),
	}
	return map[string][]Host{
		"asker": mynet, "ndots": mynet, "own": mynet,
		"six": {
			host("six", "both", "", "172.31.0.2", "fd00:31::2"),
			host("Web", "both", "second other WEBID", "172.31.0.3", "fd00:31::3"),
		},
		"hidden": {host("hidden", "inner", "", "172.29.0.2")},
	}
}

// TestRecorded asks what record.sh asked a real Docker.
func TestRecorded(t *testing.T) {
	text, err := os.ReadFile("testdata/recorded")
	if err != nil {
		t.Fatal(err)
	}
	questions, _, _ := strings.Cut(string(text), "=== resolv.conf")
	up, down, _ := strings.Cut(questions, "=== the one outside is down\n")
	outside := upstream(t, others())
	count := compare(t, up, outside)
	outside.close()
	count += compare(t, down, outside)
	if count < 50 {
		t.Errorf("only %d questions", count)
	}
}

// others are what the server outside knows.
func others() map[string]dnsmessage.ResourceBody {
	mail, there := dnsmessage.MustNewName("mail.there.example."), dnsmessage.MustNewName("there.example.")
	return map[string]dnsmessage.ResourceBody{
		"there.example. A":            &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}},
		"there.example. MX":           &dnsmessage.MXResource{Pref: 10, MX: mail},
		"1.2.0.192.in-addr.arpa. PTR": &dnsmessage.PTRResource{PTR: there},
		"single. TXT":                 &dnsmessage.TXTResource{TXT: []string{"outside"}},
	}
}

// compare asks each question of a part of the record, and tells how many there were.
func compare(t *testing.T, recorded string, outside *outside) (count int) {
	t.Helper()
	for one := range strings.SplitSeq("\n"+strings.TrimSpace(recorded), "\n== ") {
		head, want, _ := strings.Cut(one, "\n")
		container, question, ok := strings.Cut(head, ": ")
		if !ok {
			continue // the version of Docker
		}
		count++
		s := Server{Hosts: func() ([]Host, error) { return world()[container], nil }, IsShort: resolvconf.Config{}.IsShort}
		switch container {
		case "ndots":
			s.IsShort = resolvconf.Config{Options: []string{"ndots:2"}}.IsShort
		case "own": // the first one it was given does not answer
			s.Upstream = append(s.Upstream, outside.closed(t))
		}
		if container != "hidden" {
			s.Upstream = append(s.Upstream, outside.Upstream)
		}
		if d := cmp.Diff(want, show(ask(t, &s, question))); d != "" {
			t.Errorf("%s: %s", head, d)
		}
	}
	return count
}

// show is a message as the record has it.
func show(m dnsmessage.Message) string {
	status := map[dnsmessage.RCode]string{dnsmessage.RCodeSuccess: "NOERROR", dnsmessage.RCodeNameError: "NXDOMAIN", dnsmessage.RCodeServerFailure: "SERVFAIL"}[m.RCode]
	for _, flag := range []struct {
		set  bool
		name string
	}{{m.Response, "qr"}, {m.Authoritative, "aa"}, {m.Truncated, "tc"}, {m.RecursionDesired, "rd"}, {m.RecursionAvailable, "ra"}} {
		if flag.set {
			status += " " + flag.name
		}
	}
	var lines []string
	for _, r := range m.Answers {
		lines = append(lines, fmt.Sprintf("%s %d IN %s", r.Header.Name, r.Header.TTL, body(r.Body)))
	}
	slices.Sort(lines)
	return strings.Join(append([]string{status}, lines...), "\n")
}

func body(b dnsmessage.ResourceBody) string {
	switch b := b.(type) {
	case *dnsmessage.AResource:
		return "A " + netip.AddrFrom4(b.A).String()
	case *dnsmessage.AAAAResource:
		return "AAAA " + netip.AddrFrom16(b.AAAA).String()
	case *dnsmessage.PTRResource:
		return "PTR " + b.PTR.String()
	case *dnsmessage.MXResource:
		return fmt.Sprintf("MX %d %s", b.Pref, b.MX)
	case *dnsmessage.TXTResource:
		return fmt.Sprintf("TXT %q", b.TXT[0])
	}
	return fmt.Sprintf("%T", b)
}
