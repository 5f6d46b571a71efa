package publish

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"drydock/final/networks/testnet"
	"drydock/internal/flags"
	"drydock/stage6-network/port"
)

// image is what that of the record exposes.
var image = []string{"53/udp", "80/tcp"}

// requests reads flags of run.
func requests(words []string) ([]Request, error) {
	var v Values
	if _, err := flags.Parse(Flags(&v), words); err != nil {
		return nil, err
	}
	return v.Requests(image)
}

func show(all []Request) (lines []string) {
	for _, r := range all {
		line := fmt.Sprintf("%d-%d:%d/%s", r.First, r.Last, r.Container, r.Protocol)
		if r.Address.IsValid() {
			line = r.Address.String() + " " + line
		}
		lines = append(lines, line)
	}
	return lines
}

func TestRequests(t *testing.T) {
	for line, want := range map[string]string{
		"-p 8080:80":                      "8080-8080:80/tcp",
		"-p 8000-8002:80-82/UDP":          "8000-8000:80/udp 8001-8001:81/udp 8002-8002:82/udp",
		"-p 8000-8010:80":                 "8000-8010:80/tcp",
		"-p 80-81":                        "0-0:80/tcp 0-0:81/tcp",
		"-p [::1]:8100:80 -p ::1:8101:80": "::1 8100-8100:80/tcp ::1 8101-8101:80/tcp",
		"-p 127.0.0.1::81 -p [::]::81":    "127.0.0.1 0-0:81/tcp :: 0-0:81/tcp",
		"-P":                              "0-0:53/udp 0-0:80/tcp",
		"-P -p 8080:80 --expose 90-91":    "8080-8080:80/tcp 0-0:53/udp 0-0:90/tcp 0-0:91/tcp",
		"--expose 70 --expose 80":         "",
		"-p 65535:65535":                  "65535-65535:65535/tcp",
		"-P --expose 70/icmp":             "invalid proto: icmp: give tcp or udp",
		"-P --expose x":                   "invalid range format for --expose: x: give 80, 80-90 or 80/udp",
		"-p 0":                            `invalid port specification: "0": the container's port is to be 1 or more`,
		"-p [::1]":                        "no port specified: [::1]<empty>: give [[IP:]HOST:]CONTAINER[/udp]",
	} {
		all, err := requests(strings.Fields(line))
		got := strings.Join(show(all), " ")
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// A recording is what Docker published with some flags, or why it did not.
type recording struct {
	name, stderr string
	words, ports []string
}

// recordings are the runs of the record that publish something on the default network.
func recordings(t *testing.T) (all []recording) {
	t.Helper()
	file, err := os.Open("../testdata/docker.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c struct {
			Words          []string
			Stdout, Stderr string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		line := strings.Join(c.Words, " ")
		switch {
		case strings.HasPrefix(line, "run") && (strings.Contains(line, " -p ") || strings.Contains(line, " -P ")) && !strings.Contains(line, "--network"):
			words := slices.DeleteFunc(c.Words[1:slices.Index(c.Words, "box")], func(word string) bool { return word == "-d" || word == "--rm" })
			one := recording{words: words, stderr: c.Stderr}
			if words[0] == "--name" {
				one.name, one.words = words[1], words[2:]
			}
			all = append(all, one)
		case strings.HasPrefix(line, "port "):
			for i := range all {
				if all[i].name == c.Words[1] {
					all[i].ports = strings.Split(strings.TrimSpace(c.Stdout), "\n")
				}
			}
		}
	}
	if lines.Err() != nil || len(all) < 20 {
		t.Fatalf("%d recordings: %v", len(all), lines.Err())
	}
	return all
}

// differ are where we say something else than Docker, and what.
var differ = map[string]string{
	"-p 8500:80/sctp":                          "protocol not supported: sctp",
	"--expose 90-92/tcp -p 8500:80 -p 8500:80": "Bind for 0.0.0.0:8500 failed: port is already allocated", // whoever has it
}

// TestKernelRecorded publishes what Docker was asked to, in the same order, and gets the same ports of the host's.
func TestKernelRecorded(t *testing.T) {
	testnet.Host(t)
	for _, r := range recordings(t) {
		line := strings.Join(r.words, " ")
		all, err := requests(r.words)
		var held *Held
		if err == nil {
			held, err = Open(all, netip.Addr{})
		}
		if want := differ[line]; want != "" || r.stderr != "" {
			if want == "" {
				want = sentence(r.stderr)
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", line, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		defer func() {
			if err := held.Close(); err != nil {
				t.Error(err)
			}
		}()
		var got []string
		for _, m := range held.Mappings {
			got = append(got, m.String())
		}
		if diff := cmp.Diff(r.ports, got); r.ports != nil && diff != "" {
			t.Errorf("%s (-Docker +ours):\n%s", line, diff)
		}
		if r.name == "" { // it has ended
			if err := held.Close(); err != nil {
				t.Error(err)
			}
			held.closers = nil
		}
	}
}

// sentence is what Docker said in the end.
func sentence(stderr string) string {
	text, _, _ := strings.Cut(stderr, "\n")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "docker: "), "Error response from daemon: ")
	if _, after, found := strings.Cut(text, "(ID): "); found {
		text = after
	}
	return text
}

// TestKernelAll binds all ports or none, and says so where a range is full.
func TestKernelAll(t *testing.T) {
	testnet.Host(t)
	first, err := Open([]Request{{First: 8000, Last: 8001, Container: 80, Protocol: "udp"}, {First: 8000, Last: 8001, Container: 80, Protocol: "udp"}}, netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	two := []Request{{First: 9000, Last: 9000, Container: 80, Protocol: "tcp"}, {First: 8000, Last: 8001, Container: 80, Protocol: "udp"}}
	var taken port.Taken
	if _, err := Open(two, netip.Addr{}); !errors.As(err, &taken) || taken.Host.Port() != 8001 {
		t.Errorf("a full range: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	local := netip.MustParseAddr("127.0.0.1")
	second, err := Open(two, local)
	if err != nil {
		t.Fatalf("what was bound before the full range, or the first ones, are not free: %v", err)
	}
	var got []string
	for _, m := range second.Mappings {
		got = append(got, m.String())
	}
	if diff := cmp.Diff([]string{"80/tcp -> 127.0.0.1:9000", "80/udp -> 127.0.0.1:8000"}, got); diff != "" || len(second.Proxies) != 0 {
		t.Errorf("%d proxies, and\n%s", len(second.Proxies), diff)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	// Who has a port in IPv6 only has it to himself: the next one is taken, and in IPv4 it is free again.
	theirs, err := net.Listen("tcp6", "[::]:8500")
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	third, err := Open([]Request{{First: 8500, Last: 8501, Container: 80, Protocol: "tcp"}, {Address: local, First: 8500, Last: 8500, Container: 80, Protocol: "tcp"}}, netip.Addr{})
	if err != nil || len(third.Mappings) != 3 || third.Mappings[0].Host.Port() != 8501 {
		t.Fatalf("%v, %v", third, err)
	}
	if err := third.Close(); err != nil {
		t.Error(err)
	}
}
