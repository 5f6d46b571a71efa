package dns

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// maxDatagram is what every client takes by UDP (RFC 1035, 4.2.1), and maxMessage what can be sent at all.
	maxDatagram = 512
	maxMessage  = 1<<16 - 1
	// maxConnections is how many may be open at once, and idle for how long one is kept that asks nothing.
	maxConnections = 64
	usualIdle      = 10 * time.Second
	// pause is for how long nobody is let in if there are too many files open.
	pause = 100 * time.Millisecond
)

// Serve answers what comes by either socket, until one of them is closed. It closes the other one, and all
// connections.
func (s *Server) Serve(udp net.PacketConn, tcp net.Listener) error {
	ctx, end := context.WithCancel(context.Background())
	defer end()
	var connections sync.WaitGroup
	connections.Go(func() {
		defer udp.Close() // nothing was written
		s.serveConnections(ctx, tcp)
	})
	err := s.serveDatagrams(ctx, udp)
	tcp.Close()
	connections.Wait()
	return err
}

func (s *Server) serveDatagrams(ctx context.Context, udp net.PacketConn) error {
	waiting := semaphore.NewWeighted(maxWaiting)
	buffer := make([]byte, maxMessage)
	for {
		n, from, err := udp.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil {
			return fmt.Errorf("name server: %w", err)
		}
		q, ok := parse(bytes.Clone(buffer[:n]))
		if !ok {
			continue
		}
		// An answer that is not sent is asked for again.
		if resources, code, isOurs := s.answer(q); isOurs {
			_, _ = udp.WriteTo(reply(q, resources, code, maxDatagram), from)
			continue
		}
		if !waiting.TryAcquire(1) {
			_, _ = udp.WriteTo(unable(q), from)
			continue
		}
		go func() {
			defer waiting.Release(1)
			_, _ = udp.WriteTo(s.ask(ctx, "udp", q), from)
		}()
	}
}

func (s *Server) serveConnections(ctx context.Context, tcp net.Listener) {
	open := semaphore.NewWeighted(maxConnections)
	for {
		conn, err := tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil { // there will be room again: accept(2)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		if !open.TryAcquire(1) {
			conn.Close()
			continue
		}
		go func() {
			defer open.Release(1)
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			defer stop()
			defer conn.Close()
			s.serveConnection(ctx, conn)
		}()
	}
}

// serveConnection answers one question after the other, until the client has no more, or says something
// that is none.
func (s *Server) serveConnection(ctx context.Context, conn net.Conn) {
	idle := cmp.Or(s.idle, usualIdle)
	for {
		if err := conn.SetDeadline(time.Now().Add(idle)); err != nil {
			return
		}
		message, err := receive(conn)
		if err != nil {
			return
		}
		q, ok := parse(message)
		if !ok {
			return
		}
		var answer []byte
		if resources, code, isOurs := s.answer(q); isOurs {
			answer = reply(q, resources, code, maxMessage)
		} else {
			answer = s.ask(ctx, "tcp", q)
		}
		if err := conn.SetDeadline(time.Now().Add(idle)); err != nil { // asking may have taken longer
			return
		}
		if err := send(conn, answer); err != nil {
			return
		}
	}
}

// receive and send have a message on a connection: its length comes first, in two bytes. RFC 1035, 4.2.2.
func receive(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

func send(w io.Writer, message []byte) error {
	whole := binary.BigEndian.AppendUint16(nil, uint16(len(message))) //nolint:gosec // what is longer was not packed, nor received
	_, err := w.Write(append(whole, message...))
	return err
}
