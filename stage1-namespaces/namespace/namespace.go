// Package namespace starts a process that has its own view of the system.
//
// The problem: all processes of a Linux system see the same list of processes,
// the same mounts, host name, message queues and network links, so two programs
// that want port 80 or call themselves PID 1 cannot live side by side.
//
// The kernel feature: a namespace is a table that the kernel consults on behalf of
// a process: "which process is 1?", "which links are there?". There are as many
// tables as somebody has asked for, and clone(2) with a CLONE_NEW… flag starts a
// process with a new one. Nothing is hidden and nothing is emulated: the kernel
// just looks things up in another table. A container is such a process.
//
// The package says which tables a process gets (Config), who its users are outside, and
// how a later process joins it (Hold, Inside).
//
// In a shell: unshare(1) and nsenter(1). To read: namespaces(7), clone(2),
// pid_namespaces(7), user_namespaces(7), setns(2).
package namespace

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"golang.org/x/sys/unix"

	"drydock/internal/flags"
)

// The kinds of namespaces, by their names in unshare(1).
const (
	Cgroup = "cgroup"
	IPC    = "ipc"
	Mount  = "mount"
	Net    = "net"
	PID    = "pid"
	User   = "user"
	UTS    = "uts"
)

// kinds has the clone(2) flag of every kind, and what a process gets its own of.
var kinds = []struct {
	name string
	flag uintptr
}{
	{User, unix.CLONE_NEWUSER},     // user and group ids, capabilities; Linux 3.8
	{PID, unix.CLONE_NEWPID},       // process ids; 2.6.24
	{Mount, unix.CLONE_NEWNS},      // mounts; 2.4.19: the first, hence the plain NEWNS
	{UTS, unix.CLONE_NEWUTS},       // host name; 2.6.19
	{IPC, unix.CLONE_NEWIPC},       // System V IPC and POSIX message queues; 2.6.19
	{Net, unix.CLONE_NEWNET},       // links, addresses, routes, ports, firewall; 2.6.29
	{Cgroup, unix.CLONE_NEWCGROUP}, // where the cgroup tree seems to begin; 4.6
}

// A Set is the kinds of namespaces that a process gets new ones of. Of every
// other kind it shares its parent's. It is also a flag.Value: pid,mount,uts.
type Set []string

// All is every kind that a container has unless told otherwise: all but the user
// namespace, which --userns adds.
func All() Set {
	return Set{PID, Mount, UTS, IPC, Net, Cgroup}
}

// Has tells whether the process gets a new namespace of this kind.
func (s Set) Has(kind string) bool {
	return slices.Contains(s, kind)
}

// CloneFlags is the set as clone(2) takes it.
func (s Set) CloneFlags() uintptr {
	var flags uintptr
	for _, kind := range kinds {
		if s.Has(kind.name) {
			flags |= kind.flag
		}
	}
	return flags
}

// String is the set as a user types it.
func (s *Set) String() string {
	return strings.Join(*s, ",")
}

// Set reads a comma-separated list of kinds. It replaces what was there.
func (s *Set) Set(list string) error {
	var known []string
	for _, kind := range kinds {
		if kind.name != User {
			known = append(known, kind.name)
		}
	}
	var chosen Set
	for _, name := range strings.Split(list, ",") {
		switch {
		case name == User:
			return fmt.Errorf("the user namespace has a flag of its own: --userns")
		case !slices.Contains(known, name):
			return fmt.Errorf("no namespace is called %q: choose from %s", name, strings.Join(known, ","))
		case !chosen.Has(name):
			chosen = append(chosen, name)
		}
	}
	*s = chosen
	return nil
}

// Config is what a user can choose about a container's namespaces.
type Config struct {
	New      Set    // the namespaces that the container does not share with the host
	Userns   bool   // also a user namespace: root inside is an ordinary user outside
	Hostname string // the name inside; needs a UTS namespace of its own
}

// Flags are the flags that fill a Config.
func Flags(c *Config) []flags.Flag {
	return []flags.Flag{
		{Name: "namespaces", Value: &c.New, Usage: "new namespaces, a comma-separated `LIST` of pid,mount,uts,ipc,net,cgroup (all)"},
		{Name: "userns", Value: flags.Bool{To: &c.Userns}, Usage: "add a user namespace: works without root"},
		{Name: "hostname", Short: "h", Value: flags.String{To: &c.Hostname}, Usage: "the container's host `NAME`"},
	}
}

// Complete fills in what c leaves open, and refuses what would reach the host: without
// a namespace of its own to change, init would change the host's.
func (c *Config) Complete() error {
	if c.Hostname != "" && !c.New.Has(UTS) {
		return fmt.Errorf("--hostname without a uts namespace would rename the host: add uts to --namespaces")
	}
	if strings.ContainsFunc(c.Hostname, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return fmt.Errorf("--hostname %q has a space or a control character: use letters, digits, dots and hyphens", c.Hostname)
	}
	if len(c.Hostname) > hostNameMax {
		return fmt.Errorf("--hostname %s… is longer than 64 characters", c.Hostname[:16])
	}
	if c.Hostname == "" && c.New.Has(UTS) {
		c.Hostname = RandomName()
	}
	if c.Userns {
		c.New = append(Set{User}, c.New...)
	}
	return nil
}

// RandomName returns a name as Docker gives one to a container: 12 hexadecimal digits.
func RandomName() string {
	var bytes [6]byte
	rand.Read(bytes[:]) // never fails, says its documentation
	return hex.EncodeToString(bytes[:])
}

// SysProcAttr is what the kernel is to be asked for at the process's birth.
func (c Config) SysProcAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: c.New.CloneFlags()}
	if c.New.Has(User) {
		mapUsers(attr, os.Geteuid(), os.Getegid())
	}
	return attr
}

// hostNameMax is HOST_NAME_MAX of gethostname(2), in bytes.
const hostNameMax = 64
