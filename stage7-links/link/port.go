package link

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Port is one at which a container's program listens, as its user or its image says. Nobody opens it for that.
type Port struct {
	Number   uint16
	Protocol string // tcp, udp or sctp
}

// Sorted returns ports in Docker's order, each once: first those of tcp.
func Sorted(all []Port) []Port {
	kind := func(p Port) string { return strings.TrimPrefix(p.Protocol, "tcp") } // "" is before all others
	return slices.Compact(slices.SortedFunc(slices.Values(all), func(a, b Port) int {
		return cmp.Or(strings.Compare(kind(a), kind(b)), cmp.Compare(a.Number, b.Number))
	}))
}

// Expose reads one argument of --expose, or of EXPOSE in an image: 80, 80-90 or 80/udp.
func Expose(spec string) (all []Port, err error) {
	text, protocol, _ := strings.Cut(spec, "/")
	protocol = strings.ToLower(cmp.Or(protocol, "tcp"))
	if protocol != "tcp" && protocol != "udp" && protocol != "sctp" {
		return nil, fmt.Errorf("invalid proto: %s: give tcp, udp or sctp", protocol)
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, failed := strconv.ParseUint(from, 10, 16)
	last, err := strconv.ParseUint(to, 10, 16)
	if failed != nil || err != nil || first == 0 || first > last {
		kind := "range"
		if strings.Contains(text, ":") {
			kind = "port"
		}
		return nil, fmt.Errorf("invalid %s format for --expose: %s: give 80, 80-90 or 80/udp", kind, spec)
	}
	for n := first; n <= last; n++ {
		all = append(all, Port{uint16(n), protocol}) //nolint:gosec // it was read as 16 bits
	}
	return all, nil
}
