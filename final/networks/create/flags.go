package create

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"drydock/internal/flags"
)

// Values are the flags as they were given.
type Values struct {
	Driver   string
	Subnets  []netip.Prefix
	Gateways []netip.Addr
	Ranges   []netip.Prefix
	Reserved map[string]netip.Addr
	Internal bool
	IPv6     bool
	Labels   map[string]string
	Options  map[string]string
}

// Flags are the flags that fill Values.
func Flags(v *Values) []flags.Flag {
	v.Reserved, v.Labels, v.Options = map[string]netip.Addr{}, map[string]string{}, map[string]string{}
	return []flags.Flag{
		{Name: "driver", Short: "d", Value: flags.String{To: &v.Driver}, Usage: "what it is made of: `DRIVER` bridge is the only one"},
		{Name: "subnet", Value: parser(v.addSubnet), Usage: "its `SUBNET`, such as 10.1.0.0/24; one for IPv4, and one for IPv6"},
		{Name: "gateway", Value: parser(v.addGateway), Usage: "`ADDRESS` of the host in its subnet; the first one"},
		{Name: "ip-range", Value: parser(v.addRange), Usage: "part of its subnet, `RANGE`, that containers get addresses from"},
		{Name: "aux-address", Value: parser(v.addReserved), Usage: "`NAME=ADDRESS` that no container gets"},
		{Name: "internal", Value: flags.Bool{To: &v.Internal}, Usage: "no way out of it"},
		{Name: "ipv6", Value: flags.Bool{To: &v.IPv6}, Usage: "IPv6 too"},
		{Name: "label", Value: parser(v.addLabel), Usage: "`KEY=VALUE` to know it by"},
		{Name: "opt", Short: "o", Value: parser(v.addOption), Usage: "`OPTION=VALUE` of the driver"},
	}
}

// A parser is a flag.Value that a function reads, each time that it is given.
type parser func(text string) error

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p(text) }

func (v *Values) addSubnet(text string) error {
	subnet, err := netip.ParsePrefix(text)
	v.Subnets = append(v.Subnets, subnet)
	return err
}

func (v *Values) addGateway(text string) error {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return fmt.Errorf("invalid string being converted to IP address: %s", text)
	}
	v.Gateways = append(v.Gateways, address)
	return nil
}

func (v *Values) addRange(text string) error {
	part, err := netip.ParsePrefix(text)
	if err != nil {
		return fmt.Errorf("invalid string being converted to CIDR: %s", text)
	}
	v.Ranges = append(v.Ranges, part.Masked())
	return nil
}

func (v *Values) addReserved(text string) error {
	name, value, _ := strings.Cut(text, "=")
	address, err := netip.ParseAddr(value)
	if err != nil || name == "" {
		return fmt.Errorf("invalid auxiliary address %q: give NAME=ADDRESS", text)
	}
	v.Reserved[name] = address
	return nil
}

func (v *Values) addLabel(text string) error {
	key, value, _ := strings.Cut(text, "=")
	if key == "" {
		return fmt.Errorf("invalid label '%s': empty name", text)
	}
	v.Labels[key] = value
	return nil
}

func (v *Values) addOption(text string) error {
	key, value, found := strings.Cut(text, "=")
	if !found || key == "" {
		return errors.New("give OPTION=VALUE")
	}
	v.Options[key] = value
	return nil
}
