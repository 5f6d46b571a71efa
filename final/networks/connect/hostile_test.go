package connect

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"drydock/final/networks/testnet"
)

// sum is the checksum of RFC 1071.
func sum(parts ...[]byte) uint16 {
	var total uint32
	for _, part := range parts {
		for i := 0; i < len(part); i += 2 {
			total += uint32(part[i])<<8 + uint32(part[i+1])
		}
	}
	for total>>16 != 0 {
		total = total&0xffff + total>>16
	}
	return ^uint16(total)
}

// advertisement is a frame to everybody on the link, of a router that knows the way to all, with addresses of fd77::/64 for whoever wants
// one. RFC 4861, 4.2.
func advertisement(from net.HardwareAddr) []byte {
	source, all := netip.MustParseAddr("fe80::66").AsSlice(), netip.MustParseAddr("ff02::1").AsSlice()
	message := []byte{134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0}
	message = append(message, 3, 4, 64, 0xc0, 0, 0, 0x07, 0x08, 0, 0, 0x07, 0x08, 0, 0, 0, 0)
	message = append(message, netip.MustParseAddr("fd77::").AsSlice()...)
	pseudo := append(append(append([]byte{}, source...), all...), 0, 0, 0, byte(len(message)), 0, 0, 0, 58)
	binary.BigEndian.PutUint16(message[2:], sum(pseudo, message))
	frame := append(append([]byte{0x33, 0x33, 0, 0, 0, 1}, from...), 0x86, 0xdd)
	frame = append(frame, 0x60, 0, 0, 0, 0, byte(len(message)), 58, 255)
	return append(append(append(frame, source...), all...), message...)
}

// tagged is a UDP packet to port 9 in a frame with the tag of VLAN 0, which has only a priority. IEEE 802.1Q.
func tagged(from, to Place) []byte {
	hardware := func(p Place) []byte {
		parsed, _ := net.ParseMAC(p.Endpoint.Hardware) // it is one of ours
		return parsed
	}
	header := []byte{0x45, 0, 0, 28, 0, 0, 0, 0, 64, unix.IPPROTO_UDP, 0, 0}
	header = append(append(header, from.Endpoint.Address.AsSlice()...), to.Endpoint.Address.AsSlice()...)
	binary.BigEndian.PutUint16(header[10:], sum(header))
	frame := append(append(hardware(to), hardware(from)...), 0x81, 0, 0, 0, 0x08, 0)
	return append(append(frame, header...), 0, 9, 0, 9, 0, 8, 0, 0)
}

// frame sends one by a container's eth0, as root in there can.
func (w world) frame(namespace *os.File, frame []byte) {
	w.Helper()
	testnet.Within(w.T, namespace, func() error {
		link, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: link.Index})
	})
}

// count has a namespace count what comes in and is as nft(8) describes it, and returns what says how many there were of each.
func (w world) count(namespace *os.File, all ...string) func() string {
	w.Helper()
	script := "add table netdev count; add chain netdev count in { type filter hook ingress device eth0 priority 0; }; "
	for _, what := range all {
		script += "add rule netdev count in " + what + " counter; "
	}
	testnet.In(w.T, namespace, "nft '"+script+"'")
	return func() string {
		w.Helper()
		return testnet.In(w.T, namespace, "nft list table netdev count | grep -o 'packets [0-9]*'")
	}
}

// TestKernelRouter has a container say that it is a router: its neighbours take neither an address nor a way from it.
func TestKernelRouter(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 four", "--ipv6 --subnet 10.2.0.0/24 --subnet fd00:2::/64 six")
	for i, name := range []string{"four", "six"} {
		evil, places := w.start(container(string("ac"[i])), on(name))
		victim, victims := w.start(container(string("bd"[i])), on(name))
		hardware, err := net.ParseMAC(places[0].Endpoint.Hardware)
		if err != nil {
			t.Fatal(err)
		}
		arrived := w.count(victim, "icmpv6 type nd-router-advert")
		w.frame(evil, advertisement(hardware))
		if !w.reaches(evil, victims[0].Endpoint.Address.String()) {
			t.Error("it is not there any more")
		}
		if got := arrived(); got != "packets 1" {
			t.Errorf("%s: to show something, there would have to be 1: %s", name, got)
		}
		if got := testnet.In(t, victim, "ip -6 route | grep -e fd77 -e fe80::66 || true; ip -6 address | grep fd77 || true"); got != "" {
			t.Errorf("%s: the victim has %s", name, got)
		}
	}
}

// TestKernelSilenced has containers of a network with enable_icc=false do what they can to reach each other.
func TestKernelSilenced(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 -o com.docker.network.bridge.enable_icc=false silent", "--subnet 10.2.0.0/24 --ipv6 --subnet fd00:2::/64 -o com.docker.network.bridge.enable_icc=false six")
	for i, name := range []string{"silent", "six"} {
		a, as := w.start(container(string("ac"[i])), on(name))
		b, bs := w.start(container(string("bd"[i])), on(name))
		hardware, err := net.ParseMAC(as[0].Endpoint.Hardware)
		if err != nil {
			t.Fatal(err)
		}
		arrived := w.count(b, "icmpv6 type nd-router-advert", "udp dport 9", "icmp type echo-reply", "ip6 saddr fd77::1")
		w.frame(a, advertisement(hardware))
		w.frame(a, tagged(as[0], bs[0]))
		w.reply(a, bs[0].Endpoint.Address)
		// Addresses that they give themselves, as two do that have agreed on it.
		for namespace, address := range map[*os.File]string{a: "fd77::1", b: "fd77::2"} {
			testnet.In(t, namespace, "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ip address add "+address+"/64 dev eth0 nodad")
		}
		if w.reaches(a, "fd77::2") || w.reaches(a, bs[0].Endpoint.Address.String()) {
			t.Errorf("%s: they reach each other", name)
		}
		if got := arrived(); got != "packets 0 packets 0 packets 0 packets 0" {
			t.Errorf("%s: what one has sent, the other one has got: %s", name, got)
		}
	}
}

// reply sends an answer to an address that has asked nothing: connection tracking knows nothing of it, and so it is not new either.
func (w world) reply(from *os.File, to netip.Addr) {
	w.Helper()
	testnet.Within(w.T, from, func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		message := []byte{0, 0, 0, 0, 0, 1, 0, 1} // RFC 792: an echo reply
		binary.BigEndian.PutUint16(message[2:], sum(message))
		return unix.Sendto(fd, message, 0, &unix.SockaddrInet4{Addr: to.As4()})
	})
}

// TestKernelUnasked has a container send what is no beginning of a connection to one on another network: that does not arrive either.
func TestKernelUnasked(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 one", "--subnet 10.2.0.0/24 two")
	a, _ := w.start(container("a"), on("one"))
	b, bs := w.start(container("b"), on("two"))
	c, _ := w.start(container("c"), on("two"))
	arrived := w.count(b, "icmp type echo-reply")
	w.reply(a, bs[0].Endpoint.Address)
	w.reply(c, bs[0].Endpoint.Address)
	if !w.reaches(nil, bs[0].Endpoint.Address.String()) {
		t.Error("it is not there")
	}
	if got := arrived(); got != "packets 1" { // that of its neighbour
		t.Errorf("it has got %s", got)
	}
}

// TestKernelOut has a container of an internal network send by IPv6, which the network has not, what the host would pass on.
func TestKernelOut(t *testing.T) {
	w := newWorld(t, "--internal --subnet 10.1.0.0/24 inner")
	testnet.Sh(t, "sysctl -qw net.ipv6.conf.all.forwarding=1; ip link add outside type veth peer name eth0; ip address add fd09::1/64 dev outside nodad; ip link set outside up")
	outside := testnet.New(t)
	testnet.Sh(t, "ip link set eth0 netns "+path(outside))
	testnet.In(t, outside, "ip address add fd09::2/64 dev eth0 nodad; ip link set eth0 up")
	a, _ := w.start(container("a"), on("inner"))
	gateway := testnet.Sh(t, "ip -j link show type bridge | jq -r .[].address")
	testnet.In(t, a, "sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ip address add fd77::1/64 dev eth0 nodad; ip -6 neighbour add fe80::1 lladdr "+gateway+" dev eth0; ip -6 route add default via fe80::1 dev eth0")
	arrived := w.count(outside, "ip6 saddr fd77::1")
	testnet.Sh(t, "ip -6 neighbour add fd09::2 lladdr "+testnet.In(t, outside, "ip -j link show eth0 | jq -r .[].address")+" dev outside")
	if w.reaches(a, "fd09::2") {
		t.Error("it reaches the outside")
	}
	if got := arrived(); got != "packets 0" {
		t.Errorf("outside there have arrived %s", got)
	}
}

// TestKernelLarge has the largest packet that the network has arrive as one.
func TestKernelLarge(t *testing.T) {
	w := newWorld(t, "--subnet 10.1.0.0/24 -o com.docker.network.driver.mtu=9000 large")
	a, _ := w.start(container("a"), on("large"))
	b, _ := w.start(container("b"), on("large"))
	arrived := w.count(b, "meta length 9000")
	if _, err := testnet.Try(a, "busybox ping -c 1 -W 2 -s 8972 10.1.0.3"); err != nil {
		t.Error("there is no answer")
	}
	if got := arrived(); got != "packets 1" {
		t.Errorf("there have arrived %s", got)
	}
}
