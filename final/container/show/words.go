package show

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// Status is how far a container has come, as people are told.
func Status(c Container, now time.Time) string {
	since := func(at time.Time) string { return units.HumanDuration(now.Sub(at)) }
	switch c.Status {
	case "paused":
		return fmt.Sprintf("Up %s (Paused)", since(c.Started))
	case "restarting":
		return fmt.Sprintf("Restarting (%d) %s ago", c.ExitCode, since(c.Finished))
	case "running":
		if h := c.Life.Health; h != nil {
			return fmt.Sprintf("Up %s (%s)", since(c.Started), *h)
		}
		return "Up " + since(c.Started)
	case "created":
		return "Created"
	}
	if c.Finished.IsZero() { // it was killed with all who knew when
		return fmt.Sprintf("Exited (%d)", c.ExitCode)
	}
	return fmt.Sprintf("Exited (%d) %s ago", c.ExitCode, since(c.Finished))
}

// command is a command line of words. It is for people: it cannot be told from another one in all cases.
func command(args []string) string {
	var line []string
	for i, arg := range args {
		if i > 0 && strings.Contains(arg, " ") {
			arg = "'" + arg + "'"
		}
		line = append(line, arg)
	}
	return strings.Join(line, " ")
}

// A Port is one of a container's: published, if it has an address.
type Port struct {
	IP              string
	Public, Private uint16
	Type            string
}

// PortsOf are a container's ports that are published, and those that it only says it listens at.
func PortsOf(c Container) (all []Port) {
	if !c.IsUp() || !c.Config.HasBridge() {
		return nil
	}
	published := map[string]bool{}
	for _, m := range c.Life.Ports {
		p := Port{IP: m.Host.Addr().String(), Public: m.Host.Port(), Private: m.Container, Type: m.Protocol}
		published[p.key()] = true
		all = append(all, p)
	}
	exposed, _ := c.Config.Publish.Exposed(c.Config.Exposed) // it was read once when the container was made
	for _, r := range exposed {
		p := Port{Private: r.Container, Type: r.Protocol}
		if !published[p.key()] {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Private, b.Private), cmp.Compare(a.IP, b.IP), cmp.Compare(a.Public, b.Public), cmp.Compare(a.Type, b.Type))
	})
	return all
}

func (p Port) key() string { return fmt.Sprintf("%d/%s", p.Private, p.Type) }

// Ports is the column of ports: neighbours that differ by one are one range, if they are published under their own numbers.
func Ports(c Container) string {
	type span struct {
		ip, protocol string
		first, last  uint16
	}
	var done, others []string
	var spans []span
	text := func(s span) string {
		ports := strconv.Itoa(int(s.first))
		if s.first != s.last {
			ports += fmt.Sprintf("-%d", s.last)
		}
		if s.ip != "" {
			ports = net.JoinHostPort(s.ip, ports) + "->" + ports
		}
		return ports + "/" + s.protocol
	}
	for _, p := range PortsOf(c) {
		if p.IP != "" && p.Public != p.Private {
			others = append(others, fmt.Sprintf("%s->%s", netip.AddrPortFrom(netip.MustParseAddr(p.IP), p.Public), p.key()))
			continue
		}
		i := slices.IndexFunc(spans, func(s span) bool { return s.ip == p.IP && s.protocol == p.Type })
		switch {
		case i < 0:
			spans = append(spans, span{p.IP, p.Type, p.Private, p.Private})
		case p.Private == spans[i].last+1:
			spans[i].last = p.Private
		default:
			done = append(done, text(spans[i]))
			spans[i].first, spans[i].last = p.Private, p.Private
		}
	}
	for _, s := range spans {
		done = append(done, text(s))
	}
	return strings.Join(append(done, others...), ", ")
}
