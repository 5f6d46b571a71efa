// Package inside opens the sockets of a container's name server, where only the container reaches them.
//
// The problem: the server is a process of the host's, but it is to be asked at 127.0.0.11, port 53, in the container's
// network namespace. And port 53 is to stay free there: a name server is a fine thing to have in a container.
//
// The kernel feature: a socket belongs to the network namespace that its thread was in when it was opened, and stays
// there, whoever has the descriptor. So a thread enters the namespace, opens the sockets, and goes back. Their ports
// are any that are free; a rule of nftables, in the container's namespace, translates port 53 to them.
//
// In a shell: nsenter --net=/proc/PID/ns/net sh -c 'socat UDP-LISTEN:40000,bind=127.0.0.11 … & nft add rule ip
// drydock-dns output ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:40000'.
//
// To read: setns(2), network_namespaces(7), nft(8) on NAT statements.
package inside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"drydock/final/dns/resolvconf"
	"drydock/internal/alone"
	"drydock/internal/kernel"
)

// port is where servers for names are asked.
const port = 53

// Listen opens sockets in a network namespace, which the container's programs reach at port 53 of
// resolvconf.Local, and which stay until they are closed. Its lo is up. The rules for that stay as long as the
// namespace, and are in the place of earlier ones.
func Listen(namespace *os.File) (udp net.PacketConn, tcp net.Listener, err error) {
	local := netip.AddrPortFrom(resolvconf.Local, 0).String()
	err = within(namespace, func() (err error) {
		if udp, err = net.ListenPacket("udp4", local); err != nil {
			return err
		}
		tcp, err = net.Listen("tcp4", local)
		return err
	})
	if err == nil {
		err = redirect(namespace, udp, tcp)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the sockets of the container's name server: %w", err), closeBoth(udp, tcp))
	}
	return udp, tcp, nil
}

func closeBoth(udp net.PacketConn, tcp net.Listener) (err error) {
	if udp != nil {
		err = udp.Close()
	}
	if tcp != nil {
		err = errors.Join(err, tcp.Close())
	}
	return err
}

// Dial returns a net.Dialer's DialContext for addresses, of which the sockets are in a network namespace: so the
// container's own routes and addresses count.
func Dial(namespace *os.File) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		if _, err := netip.ParseAddrPort(address); err != nil {
			return nil, err // a name would be looked up by another thread, outside
		}
		err = within(namespace, func() error {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}
}

// within calls a function on a thread that is in a network namespace, and only that: what f starts is not.
func within(namespace *os.File, f func() error) error {
	return alone.Thread(func() error {
		if err := kernel.Setns("sockets stay in the namespace that they were opened in", int(namespace.Fd()), unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// redirect has what is sent to port 53 arrive at the sockets. Connection tracking has the answers come from
// where the question went.
func redirect(namespace *os.File, udp net.PacketConn, tcp net.Listener) error {
	conn, err := nftables.New(nftables.WithNetNSFd(int(namespace.Fd())))
	if err != nil {
		return fmt.Errorf("open a netlink socket for nftables: %w", err)
	}
	table := &nftables.Table{Name: "drydock-dns", Family: nftables.TableFamilyIPv4}
	conn.AddTable(table) // there must be one to be removed
	conn.DelTable(table)
	conn.AddTable(table)
	output := conn.AddChain(&nftables.Chain{
		Table: table, Name: "output", Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityNATDest,
	})
	for protocol, address := range map[byte]net.Addr{unix.IPPROTO_UDP: udp.LocalAddr(), unix.IPPROTO_TCP: tcp.Addr()} {
		to, err := netip.ParseAddrPort(address.String())
		if err != nil {
			return err
		}
		conn.AddRule(&nftables.Rule{Table: table, Chain: output, Exprs: translation(protocol, to)})
	}
	if err := conn.Flush(); err != nil {
		return fmt.Errorf("translate port %d in the container's network namespace: %w", port, err)
	}
	return nil
}

// translation is the rule ip daddr 127.0.0.11 PROTOCOL dport 53 dnat to 127.0.0.11:PORT.
func translation(protocol byte, to netip.AddrPort) []expr.Any {
	const register, portRegister = unix.NFT_REG_1, unix.NFT_REG_2
	equals := func(data []byte) expr.Any { return &expr.Cmp{Register: register, Op: expr.CmpOpEq, Data: data} }
	local := resolvconf.Local.AsSlice()
	return []expr.Any{
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: 16, Len: 4}, // RFC 791
		equals(local),
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		equals([]byte{protocol}),
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		equals(binaryutil.BigEndian.PutUint16(port)),
		&expr.Immediate{Register: register, Data: local},
		&expr.Immediate{Register: portRegister, Data: binaryutil.BigEndian.PutUint16(to.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: register, RegProtoMin: portRegister, Specified: true},
	}
}
