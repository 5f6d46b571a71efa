// Package names gives a container the three files in which programs look up names: its own, those that it
// knows, and whom to ask for the others.
//
// The problem: a program that connects to db.example.org asks no kernel for the address, but the C library, and that
// reads files in /etc. Those of an image were written on the machine that it was built on.
//
// The mechanism: three files in the container's folder, containers/ID below the state root, that are mounted on
// /etc/hostname, /etc/hosts and /etc/resolv.conf. They are the container's own, so it may write to them, and they
// are no part of its image or of its changes.
//
// In a shell: printf '172.17.0.2\tbox\n' >>hosts; mount --bind hosts ROOT/etc/hosts.
//
// To read: hosts(5), hostname(5), resolv.conf(5), nsswitch.conf(5).
package names

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Files are the names of the files, in a container's folder and in /etc.
func Files() []string { return []string{"hostname", "hosts", "resolv.conf"} }

// A Host is what a container is called, and where it is.
type Host struct {
	Name    string
	Address netip.Addr // the zero value: nowhere
	Others  string     // the lines of hosts that it knows besides
}

// known are the names that every container knows, as Docker has them.
const known = `127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::	ip6-localnet
ff00::	ip6-mcastprefix
ff02::1	ip6-allnodes
ff02::2	ip6-allrouters
`

// Hosts is the content of /etc/hosts. A name with a domain is known without it too.
func Hosts(h Host) string {
	if !h.Address.IsValid() {
		return known
	}
	line := h.Address.String() + "\t" + h.Name
	if short, _, hasDomain := strings.Cut(h.Name, "."); hasDomain {
		line += " " + short
	}
	return known + h.Others + line + "\n"
}

// fallback are the servers that Docker has a container ask where the host names none that it could reach.
const fallback = "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"

// Resolv is the content of /etc/resolv.conf: the host's, without comments, and without servers on a loopback
// address, which in a container is the container.
func Resolv(host string) string {
	var servers, rest strings.Builder
	for line := range strings.Lines(host) {
		words := strings.Fields(line)
		switch {
		case len(words) < 2 || strings.ContainsRune("#;", rune(words[0][0])):
		case words[0] != "nameserver":
			rest.WriteString(strings.Join(words, " ") + "\n")
		case !isLoopback(words[1]):
			servers.WriteString("nameserver " + words[1] + "\n")
		}
	}
	if servers.Len() == 0 {
		return fallback + rest.String()
	}
	return servers.String() + rest.String()
}

func isLoopback(server string) bool {
	address, err := netip.ParseAddr(server)
	return err == nil && address.IsLoopback()
}

// Write writes the files of a container to its folder, which is there.
func Write(dir string, h Host) error {
	resolv, err := resolver()
	if err != nil {
		return err
	}
	return write(dir, h.Name+"\n", Hosts(h), Resolv(resolv))
}

// Copy writes the files of a container that shares the host's network, and so reaches what the host reaches.
func Copy(dir, hostname string) error {
	hosts, err := read("/etc/hosts")
	if err != nil {
		return err
	}
	resolv, err := read("/etc/resolv.conf")
	if err != nil {
		return err
	}
	return write(dir, hostname+"\n", hosts, resolv)
}

// write writes the files in the order of Files. Those that are there keep their inode: the container may
// be shared by another one, which has them mounted.
func write(dir string, contents ...string) error {
	for i, name := range Files() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(contents[i]), 0o644); err != nil { //nolint:gosec // every user of the container reads it
			return err
		}
	}
	return nil
}

// largest is how much is read of a file that the container writes too, who could make it as large as the disk.
const largest = 1 << 20

// Edit changes the hosts of a container that may run. The file stays the same one, which the container has mounted; and it is cut
// last: whoever reads it meanwhile, or after we were killed, finds lines of before, and never none.
func Edit(path string, change func(hosts string) string) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	text, err := io.ReadAll(io.LimitReader(file, largest+1))
	if err != nil {
		return err
	}
	if len(text) > largest {
		return fmt.Errorf("%s has more than %d bytes: make it shorter, in the container", path, largest)
	}
	next := change(string(text))
	if _, err := file.WriteAt([]byte(next), 0); err != nil {
		return err
	}
	return file.Truncate(int64(len(next)))
}

// resolved is where systemd-resolved, which is a server on 127.0.0.53, says whom it asks itself.
const resolved = "/run/systemd/resolve/resolv.conf"

// resolver reads whom the host asks. systemd-resolved.service(8).
func resolver() (string, error) {
	text, err := read("/etc/resolv.conf")
	if err == nil && slices.Equal(servers(text), []string{"127.0.0.53"}) {
		if behind, err := read(resolved); err == nil && behind != "" {
			return behind, nil
		}
	}
	return text, err
}

func servers(text string) (all []string) {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "nameserver" {
			all = append(all, words[1])
		}
	}
	return all
}

// read reads a file of the host's. One that is not there is empty.
func read(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}
