package networks

import (
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage6-network/network"
)

// The options of a network, as Docker calls them.
const (
	optionName       = "com.docker.network.bridge.name"
	OptionICC        = "com.docker.network.bridge.enable_icc"
	optionMasquerade = "com.docker.network.bridge.enable_ip_masquerade"
	optionBinding    = "com.docker.network.bridge.host_binding_ipv4"
	optionMTU        = "com.docker.network.driver.mtu"
)

// Options are what they say.
type Options struct {
	BridgeName   string     // "": it follows from the network's id
	Silent       bool       // the containers do not reach each other
	NoMasquerade bool       // what leaves the network keeps its address
	Binding      netip.Addr // where ports are published if nobody says
	MTU          int        // the largest packet; 0: the kernel's usual
}

// ParseOptions reads options, and refuses those that nobody would heed.
func ParseOptions(given map[string]string) (o Options, err error) {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		value := given[key]
		switch key {
		case optionName:
			o.BridgeName, err = value, checkLink(value)
		case OptionICC:
			var enabled bool
			enabled, err = strconv.ParseBool(value)
			o.Silent = !enabled
		case optionMasquerade:
			var enabled bool
			enabled, err = strconv.ParseBool(value)
			o.NoMasquerade = !enabled
		case optionBinding:
			o.Binding, err = netip.ParseAddr(value)
			if err == nil && !o.Binding.Is4() {
				err = fmt.Errorf("no IPv4 address")
			}
		case optionMTU:
			o.MTU, err = strconv.Atoi(value)
			if err == nil && (o.MTU < 68 || o.MTU > 65535) { // RFC 791
				return o, fmt.Errorf("invalid MTU number: %d: give 68 to 65535", o.MTU)
			}
		default:
			return o, fmt.Errorf("unknown option %s: there are %s", key, strings.Join([]string{optionName, OptionICC, optionMasquerade, optionBinding, optionMTU}, ", "))
		}
		if err != nil {
			return o, fmt.Errorf("failed to parse %s value: %v (%w)", key, value, err)
		}
	}
	return o, nil
}

// links is what we take for the name of a link. The kernel takes more, and makes something else of %.
var links = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$`)

// checkLink refuses a name that no bridge of a user's network can have. all and default are settings of the kernel's, for links of
// every name: what is meant for the bridge would be for the whole host.
func checkLink(name string) error {
	switch {
	case !links.MatchString(name) || len(name) >= unix.IFNAMSIZ: // which counts a zero byte at the end
		return fmt.Errorf("a link's name has 1 to 15 characters, of [a-zA-Z0-9_.-]")
	case name == "all" || name == "default":
		return fmt.Errorf("the kernel has another use for that name")
	case network.IsReserved(name):
		return fmt.Errorf("that name is for the bridge of the default network")
	}
	return nil
}
