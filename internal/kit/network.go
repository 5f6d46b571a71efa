package kit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The network is read over netlink(7), not with ip(8) and nft(8): emulated, in the VM, to start
// eight programs around each script takes longer than most of what scripts do.

// A table is one of those that rtnetlink(7) lists: with the size of the header that each of its
// entries has, and words for the attributes that count. The others count the packets, or tell
// the time; ip shows none of them either.
type table struct {
	word    string
	request int
	header  int
	words   map[uint16]string
}

var tables = []table{
	{"link", unix.RTM_GETLINK, unix.SizeofIfInfomsg, map[uint16]string{
		unix.IFLA_IFNAME: "name", unix.IFLA_ADDRESS: "address", unix.IFLA_BROADCAST: "broadcast", unix.IFLA_MTU: "mtu",
		unix.IFLA_MASTER: "master", unix.IFLA_LINK: "on", unix.IFLA_LINK_NETNSID: "in", unix.IFLA_IFALIAS: "alias",
		unix.IFLA_QDISC: "qdisc", unix.IFLA_OPERSTATE: "state", unix.IFLA_LINKMODE: "mode", unix.IFLA_GROUP: "group", unix.IFLA_TXQLEN: "queue",
	}},
	{"address", unix.RTM_GETADDR, unix.SizeofIfAddrmsg, map[uint16]string{
		unix.IFA_ADDRESS: "address", unix.IFA_LOCAL: "local", unix.IFA_LABEL: "label", unix.IFA_BROADCAST: "broadcast",
		unix.IFA_FLAGS: "flags", unix.IFA_RT_PRIORITY: "metric",
	}},
	{"route", unix.RTM_GETROUTE, unix.SizeofRtMsg, map[uint16]string{
		unix.RTA_DST: "to", unix.RTA_SRC: "of", unix.RTA_PREFSRC: "from", unix.RTA_GATEWAY: "via", unix.RTA_VIA: "by", unix.RTA_OIF: "link",
		unix.RTA_TABLE: "table", unix.RTA_PRIORITY: "metric", unix.RTA_METRICS: "metrics", unix.RTA_MULTIPATH: "ways", unix.RTA_PREF: "preference",
	}},
	{"rule", unix.RTM_GETRULE, unix.SizeofRtMsg, map[uint16]string{
		unix.FRA_PRIORITY: "priority", unix.FRA_TABLE: "table", unix.FRA_SRC: "from", unix.FRA_DST: "to", unix.FRA_IIFNAME: "in", unix.FRA_OIFNAME: "out",
		unix.FRA_FWMARK: "mark", unix.FRA_FWMASK: "mask", unix.FRA_GOTO: "goto", unix.FRA_PROTOCOL: "protocol", unix.FRA_L3MDEV: "l3mdev",
	}},
}

// readNetwork lists links, addresses, routes and rules of the calling thread's
// network namespace.
func readNetwork() (string, error) {
	var b strings.Builder
	for _, t := range tables {
		dump, err := syscall.NetlinkRIB(t.request, unix.AF_UNSPEC)
		if err != nil {
			return "", fmt.Errorf("list each %s: %w", t.word, err)
		}
		messages, err := syscall.ParseNetlinkMessage(dump)
		if err != nil {
			return "", fmt.Errorf("list each %s: %w", t.word, err)
		}
		for _, m := range messages {
			if len(m.Data) >= t.header && !t.learned(m.Data) {
				fmt.Fprintln(&b, t.line(m.Data))
			}
		}
	}
	return b.String(), nil
}

// learned says whether an entry is a route that the kernel has found out by itself, for one
// destination: it forgets it as well.
func (t table) learned(entry []byte) bool {
	return t.request == unix.RTM_GETROUTE && binary.NativeEndian.Uint32(entry[8:])&unix.RTM_F_CLONED != 0
}

// line writes an entry as a line: its header, and what has a word.
func (t table) line(entry []byte) string {
	line := fmt.Sprintf("%s %x", t.word, entry[:t.header])
	for rest := entry[t.header:]; len(rest) >= unix.SizeofRtAttr; {
		size, kind := int(binary.NativeEndian.Uint16(rest)), binary.NativeEndian.Uint16(rest[2:])
		if size < unix.SizeofRtAttr || size > len(rest) {
			break // a kernel that writes this is not there to be compared
		}
		if word := t.words[kind]; word != "" {
			line += " " + word + " " + value(word, rest[unix.SizeofRtAttr:size])
		}
		rest = rest[min(len(rest), (size+3)&^3):]
	}
	return line
}

// value writes an attribute's value as what it is: a name, an address, a number, or bytes.
func value(word string, bytes []byte) string {
	text, isText := strings.CutSuffix(string(bytes), "\x00")
	if isText && len(text) > 1 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return text
	}
	if addr, ok := netip.AddrFromSlice(bytes); ok && slices.Contains([]string{"address", "local", "broadcast", "to", "of", "from", "via"}, word) {
		return addr.String()
	}
	if len(bytes) == 4 {
		return fmt.Sprint(binary.NativeEndian.Uint32(bytes))
	}
	return fmt.Sprintf("%x", bytes)
}

// readRuleset lists the firewall of the calling thread's network namespace. Without
// nft, or on a kernel without nftables, it is an error, always the same.
func readRuleset() (string, error) {
	if empty, err := noTables(); err == nil && empty {
		return "", nil
	}
	out, err := exec.Command("nft", "--stateless", "list", "ruleset").CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v: %s", err, out), nil
	}
	return string(out), nil
}

// noTables says whether nf_tables has no table: then it has nothing.
func noTables() (bool, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return false, err
	}
	defer unix.Close(fd)
	const size = unix.SizeofNlMsghdr + 4 // and struct nfgenmsg: family, version, resource
	request := make([]byte, size)
	binary.NativeEndian.PutUint32(request, size)
	binary.NativeEndian.PutUint16(request[4:], unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETTABLE)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return false, err
	}
	reply := make([]byte, 1<<16)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil {
		return false, err
	}
	messages, err := syscall.ParseNetlinkMessage(reply[:n])
	if err == nil && len(messages) == 0 {
		err = errors.New("nf_tables answers nothing")
	}
	if err != nil {
		return false, err
	}
	return messages[0].Header.Type == unix.NLMSG_DONE, nil
}
