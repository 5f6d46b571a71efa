// Package container says what a container is: what its user has asked for, and what its image adds.
//
// The problem: a container is started again days later, by another process, and is to be what it was. So all
// that makes it is data, in its record, as JSON.
//
// Most of it is made of types of the stages, whose mechanisms take them as they are; the rest is what the stages
// lack to be Docker:
//
//	container.go   what there is to know
//	flags.go       how a command line says it
//	modes.go       --pid, --ipc, --uts, --cgroupns: whose namespaces it has
//	image.go       what an image adds
//	complete.go    what follows from it all, and what cannot be
//	life.go        what has become of it
//
// To read: docker-run(1); the OCI image specification, config.md.
package container

import (
	"cmp"
	"maps"
	"time"

	"drydock/final/dns/resolvconf"
	"drydock/final/health"
	"drydock/final/images/show"
	"drydock/final/mounts"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/hosts"
	"drydock/final/networks/publish"
	"drydock/final/resources"
	"drydock/final/restart"
	"drydock/internal/record"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage1-namespaces/rootfs"
	"drydock/stage3-unionfs/overlay"
	"drydock/stage5-volumes/bind"
	"drydock/stage7-links/link"
)

// Config is what a container is. It travels to init, and is a part of the record.
type Config struct {
	ID       string
	Name     string
	Rootfs   bool   // it is on a directory, not on an image
	Image    string // what the user called it
	Platform string `json:",omitempty"` // for which it has to be: linux/arm64
	ImageID  string
	Explain  bool `json:",omitempty"`

	// What the stages' mechanisms take.
	Namespace namespace.Config
	Root      rootfs.Config
	Overlay   overlay.Config
	Program   process.Program
	Files     []bind.Mount // where it looks names up
	Storage   string       // the driver that makes the root of its layers
	Parent    string       // the cgroup that its own is below
	Resources resources.Resources

	// Which other namespaces it has: see modes.go.
	PID, IPC, UTS, Cgroupns string

	// Its networks, and how it is found there.
	Networks []endpoint.Wish
	Ports    []publish.Request
	Exposed  []string // 80/tcp
	Publish  publish.Values
	Links    []link.Link `json:",omitempty"` // whom else it finds there
	DNS      resolvconf.Override
	Hosts    []hosts.Extra
	Mounts   mounts.Given

	LinkWishes []string `json:",omitempty"` // NAME:ALIAS, as typed

	// Its program, as Docker tells of it.
	Entrypoint, Cmd []string
	User            string
	Groups          []string // --group-add
	Hostname        string   // as given
	Labels          map[string]string
	Volumes         map[string]struct{} // places, of the image and of -v
	Declared        []string            // those of the image
	StopSignal      string              // SIGTERM if empty
	StopTimeout     *int                // seconds; Docker's 10 if nil
	Health          *show.Healthcheck
	checks          health.Values // what the command line says of that
	Shell, OnBuild  []string

	// Its terminal and its standard files.
	TTY         bool
	Interactive bool     // standard input stays open
	Attached    []string // what run is attached to: stdin, stdout, stderr
	Size        [2]uint  // rows and columns of the terminal it was run from

	// What becomes of it.
	Remove  bool // when it has ended
	Restart restart.Policy
	CIDFile string
	Init    bool // a first process that only reaps and passes signals on
	Log     Log

	Devices         []Device
	CapAdd, CapDrop []string `json:",omitempty"` // root's rights
	ShmSize         int64    // bytes of /dev/shm; 0 is Docker's 64 MiB
	Sysctls         map[string]string
}

// A Log is where the output goes.
type Log struct {
	Driver  string // json-file or none
	Options map[string]string
}

// With is what a log is where nothing is said of it: options are those of a driver, and another has none of them.
func (l Log) With(usual Log) Log {
	const plain = "json-file"
	usual.Driver = cmp.Or(usual.Driver, plain)
	if l.Driver = cmp.Or(l.Driver, usual.Driver); l.Driver != usual.Driver || l.Driver != plain {
		return l
	}
	options := maps.Clone(usual.Options)
	if options == nil {
		options = map[string]string{}
	}
	maps.Copy(options, l.Options)
	l.Options = options
	return l
}

// A Device is a device node of the host's that the container has too.
type Device struct {
	Host, Container string
	Permissions     string // of r, w and m

	// What it is on the host.
	Mode     uint32
	Number   uint64
	UID, GID int
}

// Part is the name of a Config in the record. The stages have theirs there too.
const Part = "config"

// Of returns what a container is.
func Of(r record.Record) (c Config, err error) {
	err = r.Get(Part, &c)
	return c, err
}

// Note makes it a part of the record.
func (c Config) Note(r *record.Record) error { return r.Put(Part, c) }

// Signal is the one that asks the container to end.
func (c Config) Signal() string {
	if c.StopSignal == "" {
		return "SIGTERM"
	}
	return c.StopSignal
}

// Patience is how long it is waited for its end after that; less than 0 is for ever.
func (c Config) Patience() time.Duration {
	if c.StopTimeout == nil {
		return 10 * time.Second
	}
	return time.Duration(*c.StopTimeout) * time.Second
}

// HasBridge tells whether it is on networks with bridges, and so has addresses.
func (c Config) HasBridge() bool { return len(c.Networks) > 0 && !c.Networks[0].Plain() }
