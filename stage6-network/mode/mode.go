// Package mode reads which network a container is to have.
//
// The problem: most containers want a network of their own, some none, and some that of the host or of another
// container; then there is nothing to plug in, and nothing that could be published.
//
// On the command line: --network bridge, none, host, or container:NAME.
//
// To read: docker-run(1) on --network, network_namespaces(7).
package mode

import (
	"errors"
	"fmt"
	"strings"

	"drydock/internal/flags"
)

// A Mode is which network a container has, in Docker's words.
type Mode string

// The modes, besides container:NAME.
const (
	Bridged Mode = "bridge" // its own, plugged in to the bridge
	None    Mode = "none"   // its own, with nothing but lo
	Host    Mode = "host"   // the host's
)

// Flags are the flags that fill a Mode.
func Flags(m *Mode) []flags.Flag {
	return []flags.Flag{
		{Name: "network", Value: m, Usage: "the container's `NETWORK`: bridge, none, host, or container:NAME for another's (bridge)"},
		{Name: "net", Value: m, Usage: "the same, as `NETWORK` was given once"},
	}
}

// String is part of flag.Value.
func (m *Mode) String() string { return string(*m) }

// Set is part of flag.Value.
func (m *Mode) Set(text string) error {
	*m = Mode(text)
	container, isOthers := m.Container()
	switch {
	case text == "default":
		*m = Bridged
	case isOthers && container == "":
		return errors.New("invalid network mode: invalid container format container:<name|id>")
	case !isOthers && *m != Bridged && *m != None && *m != Host:
		return fmt.Errorf("network %s not found: this stage has bridge, none, host and container:NAME", text)
	}
	return nil
}

// Container tells whether the network is that of another container, and which.
func (m Mode) Container() (ref string, isOthers bool) {
	return strings.CutPrefix(string(m), "container:")
}

// Complete fills in a mode that is left open, and refuses what cannot be: for a container with a network
// namespace of its own, or without, and with so many ports to publish.
func (m *Mode) Complete(own bool, ports int) error {
	_, isOthers := m.Container()
	switch {
	case *m == "" && own:
		*m = Bridged
	case *m == "":
		*m = Host
	case *m != Host && !own:
		return fmt.Errorf("--network %s without a network namespace would be the host's: add net to --namespaces, or use --network host", *m)
	}
	switch {
	case ports == 0 || *m == Bridged:
		return nil
	case isOthers:
		return errors.New("conflicting options: port publishing and the container type network mode: publish them from the other container")
	}
	return fmt.Errorf("published ports would be discarded in network mode %s: leave --publish out, or use --network bridge", *m)
}
