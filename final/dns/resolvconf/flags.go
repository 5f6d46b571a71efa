package resolvconf

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"drydock/internal/flags"
)

// Flags are the flags that fill an Override.
func Flags(o *Override) []flags.Flag {
	option := list(func(text string) error {
		o.Options = append(o.Options, text)
		return nil
	})
	return []flags.Flag{
		{Name: "dns", Value: list(o.addServer), Usage: "ask the server at this `ADDRESS`, instead of the host's"},
		{Name: "dns-search", Value: list(o.addSearch), Usage: "append this `DOMAIN` to short names, instead of the host's; . is none"},
		{Name: "dns-option", Value: option, Usage: "`OPTION` of resolv.conf, instead of the host's"},
		{Name: "dns-opt", Value: option, Usage: "the same, as `OPTION` was given once"},
	}
}

// A list is a flag.Value that may be given several times, and is read by a function each time.
type list func(text string) error

// String is part of flag.Value.
func (l list) String() string { return "" }

// Set is part of flag.Value.
func (l list) Set(text string) error { return l(text) }

func (o *Override) addServer(text string) error {
	addr, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || addr.Zone() != "" {
		return fmt.Errorf("IP address is not correctly formatted: %s", text)
	}
	o.Servers = append(o.Servers, addr.Unmap())
	return nil
}

func (o *Override) addSearch(text string) error {
	domain := strings.TrimSpace(text)
	if domain != "." && !isDomain(domain) {
		return fmt.Errorf("%s is not a valid domain", domain)
	}
	o.Search = append(o.Search, domain)
	return nil
}

// isDomain is Docker's rule: labels of letters, digits and dashes, of which not all are digits.
func isDomain(text string) bool {
	const label = `[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?`
	rule := regexp.MustCompile(`^` + label + `(\.` + label + `)*\.?$`)
	return len(text) < 255 && strings.ContainsFunc(text, isLetter) && rule.MatchString(text)
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }
