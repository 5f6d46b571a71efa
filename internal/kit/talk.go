package kit

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// cmdServe answers whoever asks at a port of a process's network: in its namespace, but not in the process, so
// that it needs no program there.
func cmdServe(ts *testscript.TestScript, sc *script, args []string) {
	if len(args) != 4 {
		ts.Fatalf("usage: serve NAME PID tcp|udp PORT")
	}
	name, protocol, port := args[0], args[2], args[3]
	var socket io.Closer
	ts.Check(inNetworkOf(args[1], func() error {
		if protocol == "udp" {
			conn, err := net.ListenPacket("udp4", ":"+port)
			if err != nil {
				return err
			}
			socket = conn
			go answerPackets(conn, name)
			return nil
		}
		listener, err := net.Listen("tcp4", ":"+port)
		if err != nil {
			return err
		}
		socket = listener
		go answerConnections(listener, name)
		return nil
	}))
	sc.servers[name] = append(sc.servers[name], socket)
}

// answerConnections and answerPackets say who has answered, and whom: until the socket is closed.
func answerConnections(listener net.Listener, name string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(conn, answer(name, conn.RemoteAddr()))
		_ = conn.Close() // who has not got all of it says so
	}
}

func answerPackets(conn net.PacketConn, name string) {
	buffer := make([]byte, 1)
	for {
		_, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		_, _ = conn.WriteTo([]byte(answer(name, from)), from) // who gets none asks again
	}
}

func answer(name string, from net.Addr) string {
	host, _, _ := net.SplitHostPort(from.String())
	return fmt.Sprintf("%s hears %s\n", name, host)
}

// cmdHush ends what serve has begun under a name.
func cmdHush(ts *testscript.TestScript, sc *script, args []string) {
	for _, name := range args {
		if sc.servers[name] == nil {
			ts.Fatalf("%s does not serve", name)
		}
		sc.hush(name)
	}
}

func (sc *script) hush(name string) {
	for _, socket := range sc.servers[name] {
		socket.Close()
	}
	delete(sc.servers, name)
}

// cmdAsk asks from a process's network, and prints the answer, or why there is none.
func cmdAsk(ts *testscript.TestScript, sc *script, args []string) {
	port := 0
	if len(args) == 4 && args[1] == "udp" {
		port, _ = strconv.Atoi(args[3]) // 0 if it is no number
	}
	if len(args) != 3 && port == 0 {
		ts.Fatalf("usage: ask PID tcp|udp ADDRESS:PORT, or ask PID udp ADDRESS:PORT PORT")
	}
	dialer := net.Dialer{Timeout: min(sc.limit, patience)}
	if port != 0 {
		dialer.LocalAddr = &net.UDPAddr{Port: port}
	}
	said := ""
	err := inNetworkOf(args[0], func() (err error) {
		said, err = ask(dialer, args[1]+"4", args[2])
		return err
	})
	if err == nil {
		fmt.Fprint(ts.Stdout(), said)
		return
	}
	var late net.Error
	var reason *os.SyscallError
	switch {
	case errors.As(err, &late) && late.Timeout():
		fmt.Fprintln(ts.Stdout(), "no answer")
	case errors.As(err, &reason):
		fmt.Fprintln(ts.Stdout(), reason.Err)
	default:
		ts.Check(err)
	}
}

// patience is how long a question may remain without an answer.
const patience = 3 * time.Second

// ask sends a byte, by UDP again and again, and returns what it gets in the time that the dialer has.
func ask(dialer net.Dialer, protocol, to string) (string, error) {
	conn, err := dialer.Dial(protocol, to)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // what was sent has been answered, or not
	packets := strings.HasPrefix(protocol, "udp")
	end := time.Now().Add(dialer.Timeout)
	for {
		if _, err := conn.Write([]byte("?")); err != nil {
			return "", err
		}
		wait := end
		if again := time.Now().Add(dialer.Timeout / 10); packets && again.Before(end) {
			wait = again
		}
		if err := conn.SetReadDeadline(wait); err != nil {
			return "", err
		}
		buffer := make([]byte, 200)
		n, err := conn.Read(buffer)
		if !errors.Is(err, os.ErrDeadlineExceeded) || wait.Equal(end) {
			return string(buffer[:n]), err
		}
	}
}

// inNetworkOf calls f on a thread that is in a process's network namespace and is thrown away afterwards.
// The script's own is that of self.
func inNetworkOf(pid string, f func() error) error {
	if pid == "self" {
		pid = "thread-self"
	}
	namespace, err := os.Open("/proc/" + pid + "/ns/net")
	if err != nil {
		return err
	}
	defer namespace.Close()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}
