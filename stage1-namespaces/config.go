package main

import (
	"errors"
	"fmt"
	"io"

	"drydock/internal/flags"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage1-namespaces/rootfs"
)

const runHelp = `Usage: stage1 run [FLAG…] ROOTFS COMMAND [ARG…]

Start COMMAND as a container on the directory ROOTFS.

`

// Config is everything that init needs to know. It travels through the pipe.
type Config struct {
	Namespace namespace.Config
	Root      rootfs.Config
	Program   process.Program
	Explain   bool
}

// parseRun reads the command line, and refuses what cannot work before anything
// has been started.
func parseRun(args []string, stdout io.Writer) (Config, error) {
	config := Config{Namespace: namespace.Config{New: namespace.All()}}
	table := namespace.Flags(&config.Namespace)
	table = append(table, rootfs.Flags(&config.Root)...)
	table = append(table, process.Flags(&config.Program)...)
	table = append(table, flags.Flag{Name: "explain", Value: flags.Bool{To: &config.Explain}, Usage: "tell every system call on stderr, and the command that does the same"})

	rest, err := flags.Parse(table, args)
	if errors.Is(err, flags.ErrHelp) {
		fmt.Fprint(stdout, runHelp)
		flags.Help(stdout, table)
	}
	if err != nil {
		return Config{}, err
	}
	if len(rest) < 2 {
		return Config{}, fmt.Errorf("run needs a root directory and a command: stage1 run [FLAG…] ROOTFS COMMAND [ARG…]")
	}
	config.Root.Root, config.Program.Args = rest[0], rest[1:]
	err = config.complete()
	return config, err
}

// complete has each part of a configuration fill in what is open and refuse what is
// wrong.
func (c *Config) complete() error {
	if err := c.Namespace.Complete(); err != nil {
		return err
	}
	own := c.Namespace.New
	c.Root.Userns = own.Has(namespace.User)
	c.Root.OwnMounts = own.Has(namespace.Mount)
	c.Root.OwnProcesses = own.Has(namespace.PID)
	c.Root.OwnNetwork = own.Has(namespace.Net)
	c.Root.OwnQueues = own.Has(namespace.IPC)
	if err := c.Root.Complete(); err != nil {
		return err
	}
	return c.Program.Complete(c.Namespace.Hostname)
}
