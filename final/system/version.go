// Package system tells what this drydock is, and on what it runs: docker version and docker info.
//
// The problem: whoever reports that something does not work is asked for a version and a kernel, and scripts ask for a
// daemon's before they begin. Docker's client asks its daemon; here the program asks the kernel, and knows the rest itself.
//
//	version.go    docker version: what the program is, without looking at anything
//	info.go       docker info: what there is, from the state root and from the kernel
//	host.go       what the kernel says of the host
//
// Fields have Docker's names, so that templates for Docker work; those of things that are not there are left out, and not
// made up. Client and Server are one program.
//
// In a shell: uname -rm; free -b; nproc; cat /etc/os-release /sys/fs/cgroup/cgroup.controllers.
//
// To read: docker-version(1), docker-info(1).
package system

import (
	"fmt"
	"io"
	"runtime"
)

// Release is the version of drydock.
const Release = "0.9.0"

// A Version is what docker version tells.
type Version struct {
	Client Program
	Server Server
}

// A Program is one that was built.
type Program struct {
	Version, GoVersion, Os, Arch string
}

// A Server is what does the work. KernelVersion is that of the host.
type Server struct {
	Program
	KernelVersion string
	Components    []Component
}

// A Component is a part of a server.
type Component struct {
	Name, Version string
	Details       map[string]string
}

// ThisVersion is that of this program.
func ThisVersion() Version {
	p := Program{Version: Release, GoVersion: runtime.Version(), Os: runtime.GOOS, Arch: runtime.GOARCH}
	kernel := kernelVersion()
	engine := Component{"Engine", Release, map[string]string{
		"Arch": p.Arch, "GoVersion": p.GoVersion, "KernelVersion": kernel, "Os": p.Os,
	}}
	return Version{p, Server{p, kernel, []Component{engine}}}
}

// Write writes it for people.
func (v Version) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, `Client:
 Version:           %s
 Go version:        %s
 OS/Arch:           %s/%s

Server: the same program, as there is no daemon
 Engine:
  Version:          %s
  Go version:       %s
  OS/Arch:          %s/%s
  Kernel version:   %s
`, v.Client.Version, v.Client.GoVersion, v.Client.Os, v.Client.Arch,
		v.Server.Version, v.Server.GoVersion, v.Server.Os, v.Server.Arch, v.Server.KernelVersion)
	return err
}
