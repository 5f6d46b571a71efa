package rules

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// A Part of a rule is a condition, or what is done if all conditions before it hold: as nft(8)
// writes it, and as the kernel takes it, which is a program for a machine with a few registers.
type Part struct {
	Text        string
	expressions []expr.Any
}

// String is the rule as an argument of nft.
func (r Rule) String() string {
	return fmt.Sprintf("add rule %s %s %s %s", family(r.Six), table, r.Chain, kernel.Quote(r.text()))
}

// text is the rule as nft list ruleset shows it.
func (r Rule) text() string {
	var words []string
	for _, part := range r.Parts {
		words = append(words, part.Text)
	}
	return fmt.Sprintf("%s comment %q", strings.Join(words, " "), r.For)
}

// register is where a condition loads what it then compares.
const register = unix.NFT_REG_1

func compare(op expr.CmpOp, data []byte) expr.Any {
	return &expr.Cmp{Register: register, Op: op, Data: data}
}

// link is a condition on the link that a packet has come in by, or goes out by. Names and not numbers are
// compared: a link that is made again has another number.
func link(key expr.MetaKey, op expr.CmpOp, name string) Part {
	padded := make([]byte, unix.IFNAMSIZ)
	copy(padded, name)
	words := map[expr.MetaKey]string{expr.MetaKeyIIFNAME: "iifname ", expr.MetaKeyOIFNAME: "oifname "}[key]
	if op == expr.CmpOpNeq {
		words += "!= "
	}
	return Part{words + `"` + name + `"`, []expr.Any{&expr.Meta{Key: key, Register: register}, compare(op, padded)}}
}

// From is that a packet has come in by a link.
func From(name string) Part { return link(expr.MetaKeyIIFNAME, expr.CmpOpEq, name) }

// NotFrom is that it has not.
func NotFrom(name string) Part { return link(expr.MetaKeyIIFNAME, expr.CmpOpNeq, name) }

// Out is that a packet goes out by a link.
func Out(name string) Part { return link(expr.MetaKeyOIFNAME, expr.CmpOpEq, name) }

// NotOut is that it does not.
func NotOut(name string) Part { return link(expr.MetaKeyOIFNAME, expr.CmpOpNeq, name) }

// loopback are the addresses by which a host means itself.
var loopback = netip.MustParsePrefix("127.0.0.0/8")

// Where in a header the addresses are, in bytes: RFC 791 and, for IPv6, RFC 8200.
const (
	sourceAt       = 12
	destinationAt  = 16
	sourceAt6      = 8
	destinationAt6 = 24
)

func fromSubnet(subnet netip.Prefix) Part {
	if subnet.Addr().Is6() {
		return address("ip6 saddr ", sourceAt6, subnet)
	}
	return address("ip saddr ", sourceAt, subnet)
}

func to(subnet netip.Prefix) Part {
	if subnet.Addr().Is6() {
		return address("ip6 daddr ", destinationAt6, subnet)
	}
	return address("ip daddr ", destinationAt, subnet)
}

// address is a condition on an address in a packet's header: that it is in a subnet.
func address(words string, at uint32, subnet netip.Prefix) Part {
	want := subnet.Masked().Addr().AsSlice()
	size := uint32(len(want)) //nolint:gosec // 4 or 16
	load := &expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: at, Len: size}
	if subnet.IsSingleIP() {
		return Part{words + subnet.Addr().String(), []expr.Any{load, compare(expr.CmpOpEq, want)}}
	}
	mask := net.CIDRMask(subnet.Bits(), subnet.Addr().BitLen())
	return Part{words + subnet.Masked().String(), []expr.Any{
		load, &expr.Bitwise{SourceRegister: register, DestRegister: register, Len: size, Mask: mask, Xor: make([]byte, size)}, compare(expr.CmpOpEq, want),
	}}
}

// toHost is that the destination is an address of the host's, by its routing table.
var toHost = Part{"fib daddr type local", []expr.Any{
	&expr.Fib{Register: register, FlagDADDR: true, ResultADDRTYPE: true},
	compare(expr.CmpOpEq, binaryutil.NativeEndian.PutUint32(unix.RTN_LOCAL)),
}}

// port is a condition on the protocol and the destination port, the second two bytes of these
// protocols' headers.
func port(protocol string, number uint16) Part {
	code := map[string]byte{"tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP, "sctp": unix.IPPROTO_SCTP}[protocol]
	return Part{fmt.Sprintf("%s dport %d", protocol, number), []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		compare(expr.CmpOpEq, []byte{code}),
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		compare(expr.CmpOpEq, binaryutil.BigEndian.PutUint16(number)),
	}}
}

// tracked is a condition on what connection tracking knows of a packet's connection: bits, of which
// at least one is set (CmpOpNeq), or none (CmpOpEq).
func tracked(words string, key expr.CtKey, bits uint32, op expr.CmpOp) Part {
	return Part{words, []expr.Any{
		&expr.Ct{Key: key, Register: register},
		&expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bits), Xor: make([]byte, 4)},
		compare(op, make([]byte, 4)),
	}}
}

// dnatDone is IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h: the destination was translated.
const dnatDone = 1 << 5

// What connection tracking knows. Of an answer to no question it knows nothing, and has no status; it too finds out who listens.
var (
	New          = tracked("ct state new", expr.CtKeySTATE, expr.CtStateBitNEW, expr.CmpOpNeq)
	Unknown      = tracked("ct state invalid,untracked", expr.CtKeySTATE, expr.CtStateBitINVALID|expr.CtStateBitUNTRACKED, expr.CmpOpNeq)
	NotPublished = tracked("ct status ! dnat", expr.CtKeySTATUS, dnatDone, expr.CmpOpEq)
	wasPublished = tracked("ct status dnat", expr.CtKeySTATUS, dnatDone, expr.CmpOpNeq)
)

// What becomes of a packet.
var (
	Drop       = Part{"drop", []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}}
	accept     = Part{"accept", []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}}}
	Linked     = jump(linked) // what links let through is accepted there
	masquerade = Part{"masquerade", []expr.Any{&expr.Masq{}}}
)

func jump(chain string) Part {
	return Part{"jump " + chain, []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: chain}}}
}

// destination gives the packet, and all that follow it, another destination.
func destination(to netip.AddrPort) Part {
	const portRegister = unix.NFT_REG_2
	family := uint32(unix.NFPROTO_IPV4)
	if to.Addr().Is6() {
		family = unix.NFPROTO_IPV6
	}
	return Part{"dnat to " + to.String(), []expr.Any{
		&expr.Immediate{Register: register, Data: to.Addr().AsSlice()},
		&expr.Immediate{Register: portRegister, Data: binaryutil.BigEndian.PutUint16(to.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: family, RegAddrMin: register, RegProtoMin: portRegister, Specified: true},
	}}
}
