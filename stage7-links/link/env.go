package link

import (
	"fmt"
	"strings"
)

// Variables are those that a recipient has of a source, by its alias: where the source listens, by what name this recipient knows
// it, and the source's own variables.
func (l Link) Variables(recipient string, s Source) (all []string) {
	alias := strings.ReplaceAll(strings.ToUpper(l.Alias), "-", "_")
	add := func(name string, value any) { all = append(all, fmt.Sprintf("%s_%s=%v", alias, name, value)) }
	ports := Sorted(s.Ports)
	if len(ports) > 0 {
		add("PORT", s.at(ports[0]))
	}
	for i, first := range ports {
		add(first.prefix(), s.at(first))
		add(first.prefix()+"_ADDR", s.Address)
		add(first.prefix()+"_PORT", first.Number)
		add(first.prefix()+"_PROTO", first.Protocol)
		last := ports[i+run(ports[i:])-1]
		if first == last || i > 0 && follows(ports[i-1], first) {
			continue
		}
		add(first.prefix()+"_START", s.at(first))
		add(first.prefix()+"_PORT_START", first.Number)
		add(first.prefix()+"_END", s.at(last))
		add(first.prefix()+"_PORT_END", last.Number)
	}
	add("NAME", "/"+recipient+"/"+l.Alias)
	for _, variable := range s.Env {
		// Every container has these, and they say nothing of what this one offers.
		if name, value, _ := strings.Cut(variable, "="); name != "PATH" && name != "HOME" {
			add("ENV_"+name, value)
		}
	}
	return all
}

// prefix is how the variables about a port begin, after the alias.
func (p Port) prefix() string {
	return fmt.Sprintf("PORT_%d_%s", p.Number, strings.ToUpper(p.Protocol))
}

// at is a port of the source as an address of the web.
func (s Source) at(p Port) string { return fmt.Sprintf("%s://%s:%d", p.Protocol, s.Address, p.Number) }

// run is how many of the ports, from the first on, follow one another.
func run(ports []Port) int {
	count := 1
	for count < len(ports) && follows(ports[count-1], ports[count]) {
		count++
	}
	return count
}

func follows(before, p Port) bool {
	return p == Port{before.Number + 1, before.Protocol}
}
