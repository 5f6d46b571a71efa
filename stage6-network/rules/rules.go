// Package rules has the host translate addresses: those of containers to its own on the way out, and
// its own to those of containers on the way in.
//
// The problem: nobody but the host knows that 172.17.0.2 exists. What a container sends arrives, but no
// answer finds its way back; and from outside it cannot be reached at all.
//
// The kernel feature: nftables. At five hooks on a packet's way through the kernel, chains of rules are asked
// what is to become of it. A chain of type nat is asked about the first packet of a connection only: connection
// tracking remembers the answer, for all later ones, and undoes it for those that come back. The rules are in a
// table of ours; other people's are left alone.
//
// In a shell: nft add rule ip drydock postrouting ip saddr 172.17.0.0/16 oifname != docker0 masquerade. We
// send the same over netlink(7), in one batch: all of it happens, or nothing.
//
// To read: nft(8), Documentation/networking/ip-sysctl.rst on route_localnet, wiki.nftables.org on netfilter hooks.
package rules

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/google/nftables"

	"drydock/internal/kernel"
)

// A Rule is one rule of the table: what a packet must be like, and what becomes of it.
type Rule struct {
	Chain string
	Parts []Part
	For   string // what it is for: its comment, by which it is found again
	Six   bool   // it is for IPv6
}

// A family is whose packets a table is about: there is one of ours for IPv4, and one for IPv6 where a network has that.
type family bool

// String is what nft(8) calls it.
func (six family) String() string {
	if six {
		return "ip6"
	}
	return "ip"
}

func (six family) table() *nftables.Table {
	if six {
		return &nftables.Table{Name: table, Family: nftables.TableFamilyIPv6}
	}
	return &nftables.Table{Name: table, Family: nftables.TableFamilyIPv4}
}

// table is the name of both.
const table = "drydock"

// The chains of what is published, and of what links let through. The others have a hook of the kernel's each.
const (
	published = "published"
	linked    = "linked"
)

// chains are the chains of a table, and where in the kernel they are asked: at which hook, and when, among
// others there.
func (six family) chains() []*nftables.Chain {
	ours := six.table()
	hooked := func(name string, kind nftables.ChainType, hook *nftables.ChainHook, priority *nftables.ChainPriority) *nftables.Chain {
		return &nftables.Chain{Table: ours, Name: name, Type: kind, Hooknum: hook, Priority: priority}
	}
	return []*nftables.Chain{
		{Table: ours, Name: published},
		{Table: ours, Name: linked},
		// Before connection tracking: a packet still has the addresses that it came with.
		hooked("raw", nftables.ChainTypeFilter, nftables.ChainHookPrerouting, nftables.ChainPriorityRaw),
		// What comes in, before it is decided where it goes.
		hooked("prerouting", nftables.ChainTypeNAT, nftables.ChainHookPrerouting, nftables.ChainPriorityNATDest),
		// What the host's own programs send.
		hooked("output", nftables.ChainTypeNAT, nftables.ChainHookOutput, nftables.ChainPriorityNATDest),
		// What comes in for others and is passed on.
		hooked("forward", nftables.ChainTypeFilter, nftables.ChainHookForward, nftables.ChainPriorityFilter),
		// All that goes out, when its way is known.
		hooked("postrouting", nftables.ChainTypeNAT, nftables.ChainHookPostrouting, nftables.ChainPriorityNATSource),
	}
}

// declaration is a chain as an argument of nft, and its table.
func (six family) declaration(chain *nftables.Chain) string {
	text := fmt.Sprintf("add table %[1]s %[2]s; add chain %[1]s %[2]s %[3]s", six, table, chain.Name)
	if chain.Hooknum != nil {
		hook := map[nftables.ChainHook]string{0: "prerouting", 2: "forward", 3: "output", 4: "postrouting"}[*chain.Hooknum]
		text += fmt.Sprintf(" { type %s hook %s priority %d; }", chain.Type, hook, *chain.Priority)
	}
	return kernel.Quote(text)
}

// Network are the rules that a bridge and its subnet need, whoever is plugged in to it.
func Network(bridge string, subnet netip.Prefix) []Rule {
	// What leaves the subnet bears the host's address, so that answers find back.
	return append(Guard(bridge, subnet), rule(bridge, subnet, "postrouting", fromSubnet(subnet), NotOut(bridge), masquerade))
}

// Guard are those without which the containers would be reached otherwise than by what they publish; what leaves
// the subnet keeps its address.
func Guard(bridge string, subnet netip.Prefix) []Rule {
	rule := func(chain string, parts ...Part) Rule { return rule(bridge, subnet, chain, parts...) }
	rules := []Rule{
		// What is sent to an address of the host's, by anybody, may be for a published port.
		rule("prerouting", toHost, jump(published)),
		rule("output", toHost, jump(published)),
		// Nobody who happens to know a container's address reaches what it has not published.
		rule("forward", NotFrom(bridge), Out(bridge), New, NotPublished, Drop),
		rule("forward", NotFrom(bridge), Out(bridge), Unknown, Drop),
		// What comes back in by a published port, from a container, bears the host's address too: or else it would
		// get the answer from another than it had asked.
		rule("postrouting", fromSubnet(subnet), Out(bridge), wasPublished, masquerade),
	}
	if subnet.Addr().Is6() {
		return rules
	}
	return append(rules,
		// The bridge lets packets with loopback addresses through (route_localnet), and rules translate them before the
		// kernel would drop them. They are the host's own, on lo: nobody else may send to one, and reach what listens on
		// 127.0.0.1 only or is published there (CVE-2020-8558); nor from one, as if he were the host.
		rule("raw", NotFrom("lo"), to(loopback), Drop),
		rule("raw", NotFrom("lo"), fromSubnet(loopback), Drop),
		// And what the host sends from 127.0.0.1, which in the container is the container.
		rule("postrouting", fromSubnet(loopback), Out(bridge), masquerade))
}

func rule(bridge string, subnet netip.Prefix, chain string, parts ...Part) Rule {
	return Rule{chain, parts, purpose(bridge, subnet), subnet.Addr().Is6()}
}

func purpose(bridge string, subnet netip.Prefix) string {
	return fmt.Sprintf("network %s on %s", subnet, bridge)
}

// Forget takes away what Network has for a bridge and its subnet. If there is nothing, that is fine.
func Forget(bridge string, subnet netip.Prefix) error {
	return family(subnet.Addr().Is6()).withdraw(purpose(bridge, subnet), isFor(purpose(bridge, subnet)))
}

// A Port is a port of the host's that stands for one of a container's.
type Port struct {
	Protocol  string         // tcp or udp
	Host      netip.AddrPort // 0.0.0.0 is any address of the host's
	Container netip.AddrPort
}

// Publish are the rules that publish the ports of the container id.
func Publish(id string, ports []Port) (all []Rule) {
	for _, p := range ports {
		parts := []Part{port(p.Protocol, p.Host.Port()), destination(p.Container)}
		if !p.Host.Addr().IsUnspecified() {
			parts = append([]Part{to(netip.PrefixFrom(p.Host.Addr(), p.Host.Addr().BitLen()))}, parts...)
		}
		all = append(all, Rule{published, parts, "container " + id, p.Container.Addr().Is6()})
	}
	return all
}

// A Link lets one container through to a port of another's, on a bridge on which they do not reach each other otherwise.
type Link struct {
	Recipient netip.Addr
	Source    netip.AddrPort
	Protocol  string // tcp, udp or sctp
}

// Links are the rules for the links of a recipient, the container id: for a connection that it begins, and no other. A network that
// has Linked asks them. They end with the address of either: see Vacate.
func Links(id string, links []Link) (all []Rule) {
	one := func(address netip.Addr) netip.Prefix { return netip.PrefixFrom(address, address.BitLen()) }
	for _, l := range links {
		parts := []Part{fromSubnet(one(l.Recipient)), to(one(l.Source.Addr())), port(l.Protocol, l.Source.Port()), accept}
		all = append(all, Rule{linked, parts, "links of " + id, l.Recipient.Is6()})
	}
	return all
}

// Withdraw takes away what Publish has for a container. If there is nothing, that is fine.
func Withdraw(id string) error {
	meant := isFor("container " + id)
	return errors.Join(family(false).withdraw("container "+id, meant), family(true).withdraw("container "+id, meant))
}

// Vacate takes away whatever is published of an address, and links to it and from it, whosever it was: somebody else gets it. There
// may be such rules even of one who is long gone, where a network's file was lost, or where an administrator has restored rules
// that he had saved.
func Vacate(address netip.Addr) error {
	return family(address.Is6()).withdraw("address "+address.String(), isAbout(address))
}

// Apply puts rules in the table, which it makes if it is not there, in place of those that are for the
// same: all at once. They are all for the same, and of one family.
func Apply(rules []Rule) error {
	if len(rules) == 0 {
		return nil
	}
	six := family(rules[0].Six)
	for _, chain := range six.chains() {
		kernel.Tell("a place for rules, where the kernel asks them", func() (string, string) {
			return "sendto(NETLINK_NETFILTER, {NFT_MSG_NEWCHAIN, " + chain.Name + "})", "nft " + six.declaration(chain)
		})
	}
	for _, r := range rules {
		kernel.Tell("a rule for "+r.For, func() (string, string) {
			return "sendto(NETLINK_NETFILTER, {NFT_MSG_NEWRULE, " + r.Chain + "})", "nft " + r.String()
		})
	}
	return six.put(rules[0].For, rules)
}
