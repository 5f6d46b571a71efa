// Package foreign finds firewalls of others that keep containers from being forwarded.
//
// The problem: every table with a chain at the kernel's forward hook is asked about each packet that the host passes on,
// and one that says drop is enough. Docker and ufw have chains there whose policy is to drop what no rule of theirs
// accepts; so our containers have no network, and nothing says why.
//
// The mechanism: nftables tells all tables, and so those that iptables makes (iptables-nft, which is the usual one today; what
// iptables-legacy has made, it does not tell). Others' tables are theirs: they are read, and the user is told which
// rules are missing.
//
// In a shell: nft list chains | grep -B1 'hook forward.*policy drop'.
//
// To read: nft(8) on chains; docs.docker.com on "Packet filtering and firewalls".
package foreign

import (
	"bytes"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
)

// families are those of whose packets containers send, by the words that nft(8) and iptables have for them.
var families = map[nftables.TableFamily]struct{ nft, iptables string }{
	nftables.TableFamilyINet: {"inet", ""},
	nftables.TableFamilyIPv4: {"ip", "iptables"},
	nftables.TableFamilyIPv6: {"ip6", "ip6tables"},
}

// Warnings says of each firewall that drops what a bridge forwards which rules it needs, if they are not there. six tells
// whether the bridge's network has IPv6.
func Warnings(bridge string, six bool) (warnings []string, err error) {
	conn, err := nftables.New(nftables.AsLasting())
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket for nftables: %w", err)
	}
	defer func() { _ = conn.CloseLasting() }() // nothing was written
	chains, err := conn.ListChains()
	if err != nil {
		return nil, fmt.Errorf("list the chains of the firewall: %w", err)
	}
	for _, chain := range chains {
		if _, known := families[chain.Table.Family]; !known || !drops(chain) || chain.Table.Family == nftables.TableFamilyIPv6 && !six {
			continue
		}
		isThere, err := mentions(conn, chains, chain.Table, bridge)
		if err != nil {
			return nil, err
		}
		if !isThere {
			warnings = append(warnings, warning(chains, chain, bridge))
		}
	}
	return warnings, nil
}

// drops tells whether a chain drops what the host forwards, unless a rule says otherwise.
func drops(chain *nftables.Chain) bool {
	return chain.Hooknum != nil && *chain.Hooknum == *nftables.ChainHookForward && chain.Type == nftables.ChainTypeFilter &&
		chain.Policy != nil && *chain.Policy == nftables.ChainPolicyDrop
}

// mentions tells whether a table has rules about what comes in by a bridge, and about what goes out.
func mentions(conn *nftables.Conn, chains []*nftables.Chain, table *nftables.Table, bridge string) (bool, error) {
	found := map[expr.MetaKey]bool{}
	for _, chain := range chains {
		if chain.Table.Name != table.Name || chain.Table.Family != table.Family {
			continue
		}
		rules, err := conn.GetRules(chain.Table, chain)
		if err != nil {
			return false, fmt.Errorf("list the firewall's chain %s: %w", chain.Name, err)
		}
		for _, rule := range rules {
			for _, key := range links(rule, bridge) {
				found[key] = true
			}
		}
	}
	return found[expr.MetaKeyIIFNAME] && found[expr.MetaKeyOIFNAME], nil
}

// links are in what way a rule is about a link: that a packet comes in by it, or goes out.
func links(rule *nftables.Rule, name string) (keys []expr.MetaKey) {
	var loaded expr.MetaKey
	for _, e := range rule.Exprs {
		switch e := e.(type) {
		case *expr.Meta:
			loaded = e.Key
		case *expr.Cmp:
			if e.Op == expr.CmpOpEq && string(bytes.TrimRight(e.Data, "\x00")) == name {
				keys = append(keys, loaded)
			}
		}
	}
	return keys
}

// warning says what is the matter, and the rules, in the words of the program that has made the table. Docker has a
// chain for such rules, in front of its own.
func warning(chains []*nftables.Chain, chain *nftables.Chain, bridge string) string {
	family := families[chain.Table.Family]
	rules := fmt.Sprintf("nft insert rule %[1]s %[2]s %[3]s iifname %[4]s accept; nft insert rule %[1]s %[2]s %[3]s oifname %[4]s accept",
		family.nft, chain.Table.Name, chain.Name, bridge)
	if family.iptables != "" && chain.Table.Name == "filter" && chain.Name == "FORWARD" {
		to := "FORWARD"
		for _, other := range chains {
			if other.Name == "DOCKER-USER" && other.Table.Family == chain.Table.Family {
				to = other.Name
			}
		}
		rules = fmt.Sprintf("%[1]s -I %[2]s -i %[3]s -j ACCEPT; %[1]s -I %[2]s -o %[3]s -j ACCEPT", family.iptables, to, bridge)
	}
	return fmt.Sprintf("WARNING: a firewall that is not ours drops what this host forwards (table %s %s, chain %s, policy drop): containers on %s reach nobody until it has these rules: %s",
		family.nft, chain.Table.Name, chain.Name, bridge, rules)
}
