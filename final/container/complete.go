package container

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
)

// initThreads is more threads than init ever has. (Go needs them for its own purposes.)
const initThreads = 16

// defaultPath is where programs are looked for if nobody says.
const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Derive has each part of a configuration, which has an id and layers by now, fill in what is open and refuse what is wrong.
func (c *Config) Derive() (err error) {
	if err := c.modes(); err != nil {
		return err
	}
	if err := c.host(); err != nil {
		return err
	}
	own := c.Namespace.New
	if !own.Has(namespace.Mount) {
		return errors.New("without a mount namespace the layers would be mounted on the host: add mount to --namespaces")
	}
	c.Root.Root = c.Overlay.Layers[0]
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
	if c.Resources.Pids > 0 && c.Resources.Pids < initThreads {
		return fmt.Errorf("--pids-limit %d is too low: init is a Go program and has up to %d threads before it becomes yours", c.Resources.Pids, initThreads)
	}
	if c.Ports, err = c.Publish.Requests(c.Exposed); err != nil {
		return err
	}
	return c.program()
}

// host gives the container its name in the network.
func (c *Config) host() error {
	c.Namespace.Hostname = c.Hostname
	if c.Hostname == "" && c.Namespace.New.Has(namespace.UTS) {
		c.Namespace.Hostname = c.ID[:12]
		if c.Network() == host {
			name, err := os.Hostname()
			if err != nil {
				return err
			}
			c.Namespace.Hostname = name
		}
	}
	return c.Namespace.Complete()
}

// program is what init will execute, but for what only the container's files say: who the user is.
func (c *Config) program() error {
	c.Program.Args = append(slices.Clone(c.Entrypoint), c.Cmd...)
	if c.Program.Dir == "" {
		c.Program.Dir = "/"
	}
	if !path.IsAbs(c.Program.Dir) {
		return fmt.Errorf("the working directory '%s' is invalid, it needs to be an absolute path", c.Program.Dir)
	}
	return nil
}

// Environment is that of a program in the container, for a user whose home is given. terminal tells whether it has one.
func (c Config) Environment(home string, terminal bool, more []string) []string {
	env := []string{defaultPath}
	if c.Namespace.Hostname != "" {
		env = append(env, "HOSTNAME="+c.Namespace.Hostname)
	}
	if terminal {
		env = append(env, "TERM=xterm")
	}
	env = Replace(Replace(env, c.Program.Env), more)
	if slices.ContainsFunc(env, func(variable string) bool { return strings.HasPrefix(variable, "HOME=") }) {
		return env
	}
	return append(env, "HOME="+home)
}

// Becomes is the program that init executes, by the users that the container's files have.
func (c Config) Becomes() (p process.Program, err error) {
	user, err := c.Find(c.User)
	if err != nil {
		return p, err
	}
	p = c.Program
	p.User, p.Groups, p.Env = user.IDs(), user.Groups, c.Environment(user.Home, c.TTY, nil)
	return p, nil
}
