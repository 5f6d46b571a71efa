package main

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// port is where the server listens in its container, and on the host.
const port = "5201"

// traffic measures bytes and answers: from a container to another across the bridge, and from the host by a published port.
func (b *bench) traffic() error {
	for _, kind := range []struct {
		word, unit string
		more       bool
	}{{"throughput", "MB/s", true}, {"latency", "µs", false}} {
		across := b.turns(func(t *tool) (float64, error) {
			address, err := t.ask("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "server")
			if err != nil {
				return 0, err
			}
			return number(t.ask("run", "--rm", image, "bench", "send", kind.word, address+":"+port))
		})
		published := b.turns(func(t *tool) (number float64, err error) {
			err = t.world.call(func() error {
				number, err = exchange(kind.word, "10.9.9.1:"+port)
				return err
			})
			return number, err
		})
		for _, t := range b.tools {
			if _, err := t.do("run", "-d", "--name", "server", "-p", port+":"+port, image, "bench", "serve"); err != nil {
				return err
			}
		}
		b.contest(kind.word+" across the bridge", kind.unit, b.rounds(7), across).more = kind.more
		b.contest(kind.word+" through a published port", kind.unit, b.rounds(7), published).more = kind.more
		for _, t := range b.tools {
			if err := t.remove("server"); err != nil {
				return err
			}
		}
	}
	return nil
}

// number reads what was printed.
func number(text string, err error) (float64, error) {
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(text, 64)
}

// serve is what runs in the server's container: it swallows what comes after a t, and sends back what comes after an l.
func serve([]string) error {
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return err
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			kind := make([]byte, 1)
			if _, err := io.ReadFull(conn, kind); err != nil {
				return
			}
			if kind[0] == 't' {
				_, _ = io.Copy(io.Discard, conn) // to its end, whichever
			} else {
				_, _ = io.Copy(conn, conn)
			}
		}()
	}
}

// send is what runs in the other container.
func send(args []string) error {
	number, err := exchange(args[0], args[1])
	if err == nil {
		fmt.Println(number)
	}
	return err
}

// exchange measures megabytes a second, or the microseconds that a byte takes there and back.
func exchange(word, address string) (float64, error) {
	conn, err := dial(address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(word[:1])); err != nil {
		return 0, err
	}
	if word == "latency" {
		return latency(conn)
	}
	const long = time.Second
	buffer, sent, began := make([]byte, 128<<10), 0, time.Now()
	for time.Since(began) < long {
		n, err := conn.Write(buffer)
		if err != nil {
			return 0, err
		}
		sent += n
	}
	return float64(sent) / time.Since(began).Seconds() / 1e6, nil
}

func latency(conn net.Conn) (float64, error) {
	var took []float64
	for range 2000 {
		began := time.Now()
		if _, err := conn.Write([]byte{1}); err != nil {
			return 0, err
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			return 0, err
		}
		took = append(took, float64(time.Since(began).Nanoseconds())/1000)
	}
	return median(took), nil
}

// dial connects to a server that may not listen yet.
func dial(address string) (conn net.Conn, err error) {
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(10 * time.Millisecond) {
		conn, err = net.DialTimeout("tcp", address, time.Second)
		if err == nil || time.Now().After(deadline) {
			return conn, err
		}
	}
}
