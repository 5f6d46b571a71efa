// Package wire is what a container's supervisor and those who talk to it say to each other.
//
// The problem: one connection carries the output of a program on two streams, its input, and orders and answers in between.
//
// The format is Docker's own for streams without a terminal, a header of eight bytes before each piece:
//
//	1 0 0 0  0 0 0 6  hello\n        what it is, three zeros, the length, and so many bytes
//
// 0 is standard input (nothing is its end), 1 standard output, 2 standard error. What Docker has HTTP for is a fourth kind,
// 3: an order or an answer, as JSON.
//
// To read: docs.docker.com on "Attach to a container", on the stream's format; unix(7).
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Kind is what a piece is.
type Kind byte

// The kinds.
const (
	Stdin Kind = iota
	Stdout
	Stderr
	Message
)

// most is the longest piece that is believed: more than anybody here sends.
const most = 1 << 20

// A Conn is a connection between the two. Several may send at once, one receives.
type Conn struct {
	conn    *net.UnixConn
	sending sync.Mutex
}

// New makes a Conn of a socket.
func New(conn *net.UnixConn) *Conn { return &Conn{conn: conn} }

// Pair returns two connected ends: one for us, and one for a process to inherit.
func Pair() (*Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("connect with the supervisor: %w", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "supervisor")
	ours, err := Inherited(fds[0])
	if err != nil {
		return nil, nil, errors.Join(err, theirs.Close())
	}
	return ours, theirs, nil
}

// Inherited makes a Conn of a descriptor that is a socket. It is closed with the Conn.
func Inherited(fd int) (*Conn, error) {
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	socket, isUnix := conn.(*net.UnixConn)
	if !isUnix {
		return nil, errors.Join(errors.New("this is no unix socket"), conn.Close())
	}
	return New(socket), nil
}

// Dial connects to the socket called name in a folder. A path to a socket has at most 107 bytes, and one by a descriptor
// is short, wherever the folder is.
func Dial(folder, name string) (*Conn, error) {
	path, dir, err := short(folder, name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		return nil, err
	}
	return New(conn), nil
}

// Listen makes the socket called name in a folder, in the place of one that may be there, and listens. Only root, or
// whoever we are, may connect.
func Listen(folder, name string) (*net.UnixListener, error) {
	path, dir, err := short(folder, name)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := unix.Unlinkat(int(dir.Fd()), name, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return nil, err
	}
	before := unix.Umask(0o177)
	defer unix.Umask(before)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // the folder goes, or another takes its place
	return listener, nil
}

// short is a short path for what is in a folder, as long as that is open.
func short(folder, name string) (string, *os.File, error) {
	dir, err := os.Open(folder)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), name), dir, nil
}

// Peer refuses whoever is neither root nor the user that we are. unix(7) on SO_PEERCRED.
func (c *Conn) Peer() error {
	raw, err := c.conn.SyscallConn()
	if err != nil {
		return err
	}
	var peer *unix.Ucred
	if failed := raw.Control(func(fd uintptr) { peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); failed != nil {
		return failed
	}
	if err == nil && peer.Uid != 0 && int(peer.Uid) != os.Geteuid() {
		err = fmt.Errorf("user %d may not talk to this container", peer.Uid)
	}
	return err
}

// Write sends a piece.
func (c *Conn) Write(kind Kind, data []byte) error {
	var header [8]byte
	header[0] = byte(kind)
	binary.BigEndian.PutUint32(header[4:], uint32(len(data)))
	c.sending.Lock()
	defer c.sending.Unlock()
	pieces := net.Buffers{header[:], data}
	_, err := pieces.WriteTo(c.conn)
	return err
}

// Send sends a message.
func (c *Conn) Send(message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return c.Write(Message, text)
}

// Read receives a piece, into buffer if that is large enough. io.EOF is the end.
func (c *Conn) Read(buffer []byte) (kind Kind, data []byte, err error) {
	var header [8]byte
	if _, err := io.ReadFull(c.conn, header[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(header[4:])
	if length > most || header[0] > byte(Message) {
		return 0, nil, fmt.Errorf("what came is no piece of a conversation: % x", header)
	}
	if int(length) > len(buffer) {
		buffer = make([]byte, length)
	}
	if _, err := io.ReadFull(c.conn, buffer[:length]); err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	return Kind(header[0]), buffer[:length], nil
}

// Receive waits for a message, and skips what else comes.
func (c *Conn) Receive(message any) error {
	for {
		kind, data, err := c.Read(nil)
		if err != nil {
			return err
		}
		if kind == Message {
			return json.Unmarshal(data, message)
		}
	}
}

// Hurry has whoever does not receive lose the connection after a while.
func (c *Conn) Hurry(patience time.Duration) error {
	return c.conn.SetWriteDeadline(time.Now().Add(patience))
}

// Close ends the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// A Stream is one stream of a connection to write to.
type Stream struct {
	Conn *Conn
	Kind Kind
}

// Write is part of io.Writer.
func (s Stream) Write(data []byte) (n int, err error) {
	for len(data) > 0 {
		piece := data[:min(len(data), most)]
		if err := s.Conn.Write(s.Kind, piece); err != nil {
			return n, err
		}
		n, data = n+len(piece), data[len(piece):]
	}
	return n, nil
}
