// Package resolvconf writes a container's /etc/resolv.conf.
//
// The problem: the file says whom a program asks for addresses. The host's own often says 127.0.0.53,
// which in a container is the container. And on networks that the user has made, containers are to find each
// other by name, which no server outside knows.
//
// The format: a line each for every server (nameserver), for what is appended to short names (search), and for
// options. On the default bridge, a container gets the host's, without the servers that it cannot reach. On other
// networks it gets 127.0.0.11, where package dns answers, and that asks the host's servers.
//
// In a shell: grep -v '^nameserver 127\.' /etc/resolv.conf >containers/ID/resolv.conf.
//
// To read: resolv.conf(5); docs.docker.com on "DNS services".
package resolvconf

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Local is where a container's own server listens, in the container's network namespace.
var Local = netip.MustParseAddr("127.0.0.11")

// fallback is whom Docker asks if it knows nobody else: Google's.
func fallback(ipv6 bool) (all []Server) {
	for _, text := range []string{"8.8.8.8", "8.8.4.4", "2001:4860:4860::8888", "2001:4860:4860::8844"} {
		if addr := netip.MustParseAddr(text); addr.Is4() || ipv6 {
			all = append(all, Server{Addr: addr})
		}
	}
	return all
}

// A Server is one that is asked.
type Server struct {
	Addr   netip.Addr
	OnHost bool // it is the host that reaches it, by the host's own file; or else the container
}

// String is as Docker writes it to the file's last lines.
func (s Server) String() string {
	if s.OnHost {
		return "host(" + s.Addr.String() + ")"
	}
	return s.Addr.String()
}

// A Config is what a file says, and where that is from.
type Config struct {
	Servers []Server
	Search  []string // appended to a name that is short
	Options []string
	others  []string // lines that are passed on as they are
	invalid []string // servers that are no addresses
	path    string
	changed []string // what the user has said instead
	ndots   string   // who has said how many dots a name has that is not short: host, override, or nobody
}

// The host's file, and where systemd-resolved, which is a server on 127.0.0.53, says whom it asks itself:
// systemd-resolved.service(8).
const (
	hosts    = "/etc/resolv.conf"
	resolved = "/run/systemd/resolve/resolv.conf"
)

// Read reads what the host's own programs go by. A file that is not there is empty.
func Read() (Config, error) { return read(hosts, resolved) }

func read(hosts, resolved string) (Config, error) {
	text, err := os.ReadFile(hosts)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Config{}, err
	}
	c := Parse(hosts, string(text))
	if len(c.Servers) == 1 && c.Servers[0].Addr == netip.AddrFrom4([4]byte{127, 0, 0, 53}) {
		if behind, err := os.ReadFile(resolved); err == nil {
			return Parse(resolved, string(behind)), nil
		}
	}
	return c, nil
}

// Parse reads a host's file.
func Parse(path, text string) Config {
	c := Config{path: path}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.ContainsAny(words[0][:1], "#;") {
			continue
		}
		switch rest := words[1:]; words[0] {
		case "nameserver":
			c.addServer(rest)
		case "domain", "search": // the last one counts
			c.Search = rest
		case "options":
			c.Options = append(c.Options, rest...)
		default:
			c.others = append(c.others, strings.Join(words, " "))
		}
	}
	if slices.ContainsFunc(c.Options, isDots) {
		c.ndots = "host"
	}
	return c
}

func (c *Config) addServer(words []string) {
	if len(words) == 0 {
		return
	}
	addr, err := netip.ParseAddr(words[0])
	if err != nil {
		c.invalid = append(c.invalid, words[0])
		return
	}
	c.Servers = append(c.Servers, Server{addr, true})
}

func isDots(option string) bool { return strings.HasPrefix(option, "ndots:") }

// dots is how many dots a name has that is not short, by the last option that says so.
func (c Config) dots() (n int, isSet bool) {
	for _, option := range c.Options {
		if valid, ok := dots(option); ok {
			n, isSet = valid, true
		}
	}
	return n, isSet
}

func dots(option string) (n int, ok bool) {
	text, isDots := strings.CutPrefix(option, "ndots:")
	n, err := strconv.Atoi(text)
	return n, isDots && err == nil && n >= 0
}

// An Override is what the user says instead of the host.
type Override struct {
	Servers []netip.Addr
	Search  []string // "." is none
	Options []string
}

// With is c with what the user says.
func (c Config) With(o Override) Config {
	if o.Servers != nil {
		c.Servers, c.changed = nil, append(c.changed, "nameservers")
		for _, addr := range o.Servers {
			c.Servers = append(c.Servers, Server{Addr: addr})
		}
	}
	if o.Search != nil {
		none := func(domain string) bool { return domain == "." }
		c.Search, c.changed = slices.DeleteFunc(slices.Clone(o.Search), none), append(c.changed, "search")
	}
	if o.Options != nil {
		c.Options, c.changed, c.ndots = o.Options, append(c.changed, "options"), ""
		if slices.ContainsFunc(c.Options, isDots) {
			c.ndots = "override"
		}
	}
	return c
}

// Host is the file of a container that has the host's network: it reaches what the host reaches.
func (c Config) Host() string { return c.text("") }

// Bridge is the file of a container on the default bridge, or on none. Of the host's servers it gets those that
// it can reach: loopback is its own, and without IPv6 it has no way to others.
func (c Config) Bridge(ipv6 bool) string {
	c.Servers = slices.DeleteFunc(slices.Clone(c.Servers), func(s Server) bool {
		return s.OnHost && (s.Addr.IsLoopback() || s.Addr.Is6() && !ipv6)
	})
	if len(c.Servers) > 0 {
		return c.text(" (legacy)")
	}
	c.Servers = fallback(ipv6)
	return c.text(" (legacy)", "Used default nameservers.")
}

// Own is the file of a container that has a server of its own at Local, and whom that asks: see Servers.
func (c Config) Own() string {
	note := "NO EXTERNAL NAMESERVERS DEFINED"
	if len(c.Servers) > 0 {
		note = fmt.Sprintf("ExtServers: %v", c.Servers)
	}
	c.Options = slices.DeleteFunc(slices.Clone(c.Options), func(option string) bool {
		_, isValid := dots(option)
		return isDots(option) && !isValid
	})
	if _, isSet := c.dots(); !isSet {
		// No name is short: the server at Local alone knows which are containers'.
		c.Options, c.ndots = append(c.Options, "ndots:0"), "internal"
	}
	c.Servers = []Server{{Addr: Local}}
	return c.text(" (internal resolver)", note)
}

// IsShort tells whether a name is to be looked up with a domain appended: so somebody has said. It is not for
// servers outside as it is.
func (c Config) IsShort(name string) bool {
	n, _ := c.dots()
	return n > 0 && !strings.Contains(strings.TrimSuffix(name, "."), ".")
}

// text is the file, with Docker's notes on where its lines are from.
func (c Config) text(how string, notes ...string) string {
	var b strings.Builder
	b.WriteString("# Generated by Drydock.\n# This file can be edited, from inside the container too; it is written anew when the container starts.\n\n")
	for _, s := range c.Servers {
		fmt.Fprintf(&b, "nameserver %s\n", s.Addr)
	}
	if len(c.Search) > 0 {
		fmt.Fprintf(&b, "search %s\n", strings.Join(c.Search, " "))
	}
	if len(c.Options) > 0 {
		fmt.Fprintf(&b, "options %s\n", strings.Join(c.Options, " "))
	}
	for _, line := range c.others {
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "\n# Based on host file: '%s'%s\n", c.path, how)
	for _, note := range notes {
		b.WriteString("# " + note + "\n")
	}
	if len(c.invalid) > 0 {
		fmt.Fprintf(&b, "# Invalid nameservers: %v\n", c.invalid)
	}
	fmt.Fprintf(&b, "# Overrides: %v\n", c.changed)
	if c.ndots != "" {
		fmt.Fprintf(&b, "# Option ndots from: %s\n", c.ndots)
	}
	return b.String()
}
