// Package hosts writes a container's /etc/hosts.
//
// The problem: a container knows itself by its host name, at each of its addresses; and others that the user names
// (--add-host). While it runs, addresses come and go, and what somebody has written into the file meanwhile is to stay.
//
// The format: an address a line, a tab, and the names that it has. Lines for the container itself are at the end, and are
// found again by their address.
//
// In a shell: printf '10.50.0.2\tweb\n' >>containers/ID/hosts.
//
// To read: hosts(5); docker-run(1) on --add-host.
package hosts

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"drydock/final/networks/connect"
	"drydock/internal/flags"
	"drydock/stage6-network/names"
)

// An Extra is a name that the user has added.
type Extra struct {
	Name    string
	Address netip.Addr // the zero value: the host
}

// gateway is how the user says the host, whatever its address is.
const gateway = "host-gateway"

// Flags are the flags that fill a list of them.
func Flags(all *[]Extra) []flags.Flag {
	return []flags.Flag{{Name: "add-host", Value: list{all}, Usage: "know this address by that name: `NAME:ADDRESS`, where host-gateway is the host's"}}
}

type list struct{ to *[]Extra }

// String is part of flag.Value.
func (l list) String() string { return "" }

// Set is part of flag.Value: NAME:ADDRESS, or NAME=ADDRESS.
func (l list) Set(text string) error {
	i := strings.IndexAny(text, ":=")
	if i <= 0 {
		return fmt.Errorf("bad format for add-host: %q: give NAME:ADDRESS", text)
	}
	extra, value := Extra{Name: text[:i]}, text[i+1:]
	if strings.ContainsAny(extra.Name, " \t\n#") {
		return fmt.Errorf("bad format for add-host: %q: a name has no spaces", text)
	}
	if value != gateway {
		address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(value, "["), "]"))
		if err != nil {
			return fmt.Errorf("invalid IP address in add-host: %q: give one, or host-gateway", value)
		}
		extra.Address = address
	}
	*l.to = append(*l.to, extra)
	return nil
}

// File is the content of the file of a container with these places. host is the host's address: the gateway of
// the default network, as with Docker.
func File(extras []Extra, host netip.Addr, hostname string, places []connect.Place) string {
	var text strings.Builder
	text.WriteString(names.Hosts(names.Host{}))
	for _, extra := range extras {
		if !extra.Address.IsValid() {
			extra.Address = host
		}
		text.WriteString(extra.Address.String() + "\t" + extra.Name + "\n")
	}
	for _, place := range places {
		text.WriteString(own(hostname, place))
	}
	return text.String()
}

// own are the lines of a container's place. A name with a domain is known without it too.
func own(hostname string, place connect.Place) (lines string) {
	if short, _, hasDomain := strings.Cut(hostname, "."); hasDomain {
		hostname += " " + short
	}
	for _, address := range addresses(place) {
		lines += address + "\t" + hostname + "\n"
	}
	return lines
}

func addresses(place connect.Place) []string {
	all := []string{place.Endpoint.Address.String()}
	if place.Endpoint.Address6.IsValid() {
		all = append(all, place.Endpoint.Address6.String())
	}
	return all
}

// Add adds the lines of a place to the file of a container that runs.
func Add(path, hostname string, place connect.Place) error {
	return names.Edit(path, func(text string) string {
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		return text + own(hostname, place)
	})
}

// Remove takes the lines of a place away again. Others stay as they are.
func Remove(path string, place connect.Place) error {
	gone := addresses(place)
	return names.Edit(path, func(text string) string {
		var left strings.Builder
		for line := range strings.Lines(text) {
			if words := strings.Fields(line); len(words) == 0 || !slices.Contains(gone, words[0]) {
				left.WriteString(line)
			}
		}
		return left.String()
	})
}
