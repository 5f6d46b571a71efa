package main

import (
	"errors"
	"fmt"
	"io"

	"drydock/internal/defaults"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage1-namespaces/rootfs"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage2-cgroups/limit"
	"drydock/stage3-unionfs/overlay"
	"drydock/stage5-volumes/bind"
	"drydock/stage5-volumes/volume"
	"drydock/stage6-network/mode"
	"drydock/stage6-network/port"
	"drydock/stage7-links/link"
)

const runHelp = `Usage: stage7 run [FLAG…] IMAGE [COMMAND [ARG…]]

Start COMMAND, or what the image says, as a container on IMAGE. With --rootfs, IMAGE is a
directory instead.

`

// Config is what the command line says of a container. It travels through the pipe, and
// is in the record.
type Config struct {
	Namespace namespace.Config
	Root      rootfs.Config
	Overlay   overlay.Config
	Program   process.Program
	ID        string
	Name      string
	Remove    bool   // when it has ended
	Rootfs    bool   // it is on a directory, not on an image
	Image     string // what the user called it
	ImageID   string
	Network   mode.Mode
	Ports     []port.Mapping
	Files     []bind.Mount // where it looks names up
	Links     []link.Link  // whom else it finds there
	Exposed   []link.Port  // where it listens
	Parent    string       // the cgroup that the container's is below
	Limits    cgroup.Limits
	Explain   bool
}

// initThreads is more threads than init ever has. (Go needs them for its own purposes.)
const initThreads = 16

// parseRun reads the command line, and refuses what cannot work before anything
// has been started.
func parseRun(args []string, stdout io.Writer) (Config, wishes, error) {
	config := Config{Namespace: namespace.Config{New: namespace.All()}}
	config.ID, config.Parent = record.NewID(), defaults.CgroupParent()
	var limits limit.Values
	var volumes volume.Values
	var ports port.Values
	var links link.Values
	table := namespace.Flags(&config.Namespace)
	table = append(table, rootfs.Flags(&config.Root)...)
	table = append(table, process.Flags(&config.Program)...)
	table = append(table, limit.Flags(&limits)...)
	table = append(table, overlay.Flags(&config.Overlay)...)
	table = append(table, volume.Flags(&volumes)...)
	table = append(table, mode.Flags(&config.Network)...)
	table = append(table, port.Flags(&ports)...)
	table = append(table, link.Flags(&links)...)
	table = append(table, flags.Flag{Name: "name", Value: flags.String{To: &config.Name}, Usage: "the container's `NAME` (12 random digits)"})
	table = append(table, flags.Flag{Name: "rm", Value: flags.Bool{To: &config.Remove}, Usage: "remove the container when it has ended"})
	table = append(table, flags.Flag{Name: "rootfs", Value: flags.Bool{To: &config.Rootfs}, Usage: "run on a directory that is given instead of an image"})
	table = append(table, flags.Flag{Name: "explain", Value: flags.Bool{To: &config.Explain}, Usage: "tell every system call on stderr, and the command that does the same"})

	rest, err := flags.Parse(table, args)
	if errors.Is(err, flags.ErrHelp) {
		fmt.Fprint(stdout, runHelp)
		flags.Help(stdout, table)
	}
	if err != nil {
		return Config{}, wishes{}, err
	}
	if len(rest) < 1 || config.Rootfs && len(rest) < 2 {
		return Config{}, wishes{}, fmt.Errorf("run needs an image: stage7 run [FLAG…] IMAGE [COMMAND [ARG…]]; or a root directory and a command: stage7 run --rootfs [FLAG…] ROOTFS COMMAND [ARG…]")
	}
	config.Image, config.Program.Args = rest[0], rest[1:]
	if err := limits.Validate(); err != nil {
		return Config{}, wishes{}, err
	}
	limits.Lines(config.Limits.Put)
	mounts, err := volumes.Mounts()
	if err != nil {
		return Config{}, wishes{}, err
	}
	if config.Ports, err = ports.Mappings(); err != nil {
		return Config{}, wishes{}, err
	}
	if err := config.Network.Complete(config.Namespace.New.Has(namespace.Net), len(config.Ports)); err != nil {
		return Config{}, wishes{}, err
	}
	if limits.Pids > 0 && limits.Pids < initThreads {
		return Config{}, wishes{}, fmt.Errorf("--pids-limit %d is too low: init is a Go program and has up to %d threads before it becomes yours", limits.Pids, initThreads)
	}
	config.Exposed = links.Ports
	return config, wishes{given: mounts, from: volumes.From, links: links.Wishes}, nil
}

// complete has each part of a configuration fill in what is open and refuse what is
// wrong.
func (c *Config) complete(store *record.Store, links []link.Wish, note io.Writer) error {
	if err := c.chooseNetwork(store); err != nil {
		return err
	}
	if err := c.findSources(store, links, note); err != nil {
		return err
	}
	if c.Namespace.Hostname == "" && c.Namespace.New.Has(namespace.UTS) {
		c.Namespace.Hostname = c.ID[:12]
	}
	if err := c.Namespace.Complete(); err != nil {
		return err
	}
	if c.Namespace.Userns {
		return fmt.Errorf("--userns is stage 1's: use stage1 run --userns")
	}
	if c.Name == "" {
		c.Name = namespace.RandomName()
	}
	own := c.Namespace.New
	if !own.Has(namespace.Mount) {
		return fmt.Errorf("without a mount namespace the layers would be mounted on the host: add mount to --namespaces")
	}
	c.Root.Userns = own.Has(namespace.User)
	c.Root.OwnMounts = own.Has(namespace.Mount)
	c.Root.OwnProcesses = own.Has(namespace.PID)
	c.Root.OwnNetwork = own.Has(namespace.Net)
	c.Root.OwnQueues = own.Has(namespace.IPC)
	if err := c.Root.Complete(); err != nil {
		return err
	}
	if err := c.Overlay.Complete(); err != nil {
		return err
	}
	return c.Program.Complete(c.Namespace.Hostname)
}
