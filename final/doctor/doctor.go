// Package doctor looks whether a host has what containers need, and says what to do where it has not.
//
// The problem: what is missing shows late and oddly, as an error of a system call in the middle of something. So it
// is looked for here, one thing after the other, with the means by which a container would find out: an
// overlay is mounted, the firewall is asked for its tables. Nothing of the host is changed.
//
//	doctor.go   what a finding is, and all checks in order
//	kernel.go   of the kernel
//	host.go     of the host: its network, disk and programs
//
// In a shell: id -u; uname -r; cat /sys/fs/cgroup/cgroup.controllers; nft list tables; sysctl net.ipv4.ip_forward; df.
//
// To read: stage 2's chapter on controllers; docs/architecture.md.
package doctor

import (
	"fmt"
	"io"
)

// A Host is where to look.
type Host struct {
	Root       string // the state root, which need not be there yet
	ConfigFile string
	Config     error // what is wrong with that
	Helper     func() (string, error)
}

// A Finding is one line.
type Finding struct {
	What   string
	Remedy string // what to do, unless it is well
	Fatal  bool   // without that, no container runs
}

// Examine looks at everything.
func (h Host) Examine() []Finding {
	all := []Finding{root(), kernelVersion(), cgroups()}
	all = append(all, controllers()...)
	return append(all, h.storage(), h.space(), firewall(), forwarding(), h.bridge(), h.configuration(), h.helper())
}

// Write writes findings, and tells whether containers can run.
func Write(w io.Writer, all []Finding) (well bool, err error) {
	well = true
	for _, f := range all {
		word := "ok  "
		switch {
		case f.Remedy != "" && f.Fatal:
			word, well = "no  ", false
		case f.Remedy != "":
			word = "but "
		}
		line := word + "  " + f.What
		if f.Remedy != "" {
			line += ": " + f.Remedy
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return well, err
		}
	}
	return well, nil
}
