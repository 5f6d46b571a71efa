// Package link has one container find another by a name of its own choice.
//
// The problem: containers on a bridge reach each other by address, and an address is whoever's turn it was. What is configured
// once wants a name, and to know at which port it is answered.
//
// The mechanism is text, and none of the kernel's. What a program asks for a name, the C library, reads /etc/hosts: so a line there
// has the source's address, and is written anew when that changes. And variables in the recipient's environment say
// at which ports the source listens; they are as old as the process, since nobody can change the environment of one that runs.
//
//	link.go   what --link says, and the line in hosts
//	port.go   what --expose says: the ports that a link is about
//	env.go    the variables
//
// In a shell: printf '172.17.0.2\tdb\n' >>containers/ID/hosts; stage6 run -e DB_PORT=tcp://172.17.0.2:5432 ….
//
// To read: docs.docker.com on "Legacy container links"; docker-run(1) on --link and --expose; hosts(5), environ(7).
package link

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"drydock/internal/flags"
)

// A Wish is what --link says.
type Wish struct {
	Source string // a container's name or id
	Alias  string // what it is to be called
}

// A Link is what becomes of it. Whoever has it is its recipient.
type Link struct {
	Source string // the container's id
	Name   string // what it was called then
	Alias  string
}

// A Source is a container as a link tells of it.
type Source struct {
	Name     string
	Hostname string
	Address  netip.Addr
	Env      []string
	Ports    []Port // that it has exposed
}

// Values are what the flags say.
type Values struct {
	Wishes []Wish
	Ports  []Port
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	return []flags.Flag{
		{Name: "link", Value: value(v.addWish), Usage: "know another container by a name: `CONTAINER[:ALIAS]`"},
		{Name: "expose", Value: value(v.addPorts), Usage: "tell those who link to this container of a `PORT`, or of a range: 80[-90][/udp]"},
	}
}

func (v *Values) addWish(spec string) error {
	w, err := Parse(spec)
	v.Wishes = append(v.Wishes, w)
	return err
}

func (v *Values) addPorts(spec string) error {
	ports, err := Expose(spec)
	v.Ports = append(v.Ports, ports...)
	return err
}

// A value is a flag.Value that a function reads, each time that it is given.
type value func(text string) error

// String is part of flag.Value.
func (v value) String() string { return "" }

// Set is part of flag.Value.
func (v value) Set(text string) error { return v(text) }

// Parse reads one argument of --link. Without an alias, the source is called as it is there.
func Parse(spec string) (Wish, error) {
	if spec == "" {
		return Wish{}, errors.New("empty string specified for links: give CONTAINER[:ALIAS]")
	}
	source, alias, hasAlias := strings.Cut(spec, ":")
	if !hasAlias {
		alias = source
	}
	// In hosts and in the environment, all of these would be something else than a part of a name.
	if source == "" || alias == "" || strings.ContainsAny(alias, ":/#= \t\r\n") {
		return Wish{}, fmt.Errorf("bad format for links: %s: give CONTAINER[:ALIAS]", spec)
	}
	return Wish{source, alias}, nil
}

// Line is the line of hosts by which the recipient finds the source: by the alias, its host name, and its name.
func (l Link) Line(s Source) string { return s.Address.String() + l.names(s) }

// names are what the source is called, with the tab before that and the end of the line.
func (l Link) names(s Source) string {
	names := "\t" + l.Alias + " " + s.Hostname
	if s.Name != l.Alias {
		names += " " + s.Name
	}
	return names + "\n"
}

// Move is hosts with the source's line at the address that it has now. Whatever else the container has in there stays, and
// if it has taken the line out, that stays so.
func (l Link) Move(hosts string, s Source) string {
	var moved strings.Builder
	for line := range strings.Lines(hosts) {
		if i := strings.IndexByte(line, '\t'); i > 0 && line[i:] == l.names(s) {
			line = l.Line(s)
		}
		moved.WriteString(line)
	}
	return moved.String()
}
