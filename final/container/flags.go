package container

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"drydock/final/dns/resolvconf"
	"drydock/final/health"
	"drydock/final/logs"
	"drydock/final/mounts"
	"drydock/final/networks/endpoint"
	"drydock/final/networks/hosts"
	"drydock/final/networks/publish"
	"drydock/final/resources"
	"drydock/final/restart"
	"drydock/internal/flags"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/rootfs"
	"drydock/stage3-unionfs/overlay"
)

// Given is what a command line says of a container, as it was typed.
type Given struct {
	Config
	env, envFiles      []string
	labels, labelFiles []string
	logOptions         []string
	networks           endpoint.Values
	entrypoint         *string
	restart            string
	health             health.Values
}

// New returns a Given of which nothing has been said yet.
func New() *Given {
	return &Given{Config: Config{Namespace: namespace.Config{New: namespace.All()}}}
}

// Flags are the flags of run and create that say what a container is.
func Flags(g *Given) []flags.Flag {
	var table []flags.Flag
	table = append(table, stageFlags(g)...)
	table = append(table, resources.Flags(&g.Resources)...)
	table = append(table, mounts.Flags(&g.Mounts)...)
	table = append(table, endpoint.Flags(&g.networks)...)
	table = append(table, publish.Flags(&g.Publish)...)
	table = append(table, resolvconf.Flags(&g.DNS)...)
	table = append(table, hosts.Flags(&g.Hosts)...)
	table = append(table, health.Flags(&g.health)...)
	return append(table, programFlags(g)...)
}

// stageFlags are those that only teach: what they choose, Docker's users cannot.
func stageFlags(g *Given) []flags.Flag {
	table := []flags.Flag{
		{Name: "namespaces", Value: &g.Namespace.New, Usage: "new namespaces, a comma-separated `LIST` of pid,mount,uts,ipc,net,cgroup (all)"},
		{Name: "hostname", Short: "h", Value: flags.String{To: &g.Hostname}, Usage: "the container's host `NAME`"},
		{Name: "rootfs", Value: flags.Bool{To: &g.Rootfs}, Usage: "run on a directory that is given instead of an image"},
		{Name: "explain", Value: flags.Bool{To: &g.Explain}, Usage: "tell every system call on stderr, and the command that does the same"},
	}
	table = append(table, rootfs.Flags(&g.Root)...)
	return append(table, overlay.Flags(&g.Overlay)...)
}

// programFlags are about the program and what becomes of it.
func programFlags(g *Given) []flags.Flag {
	return []flags.Flag{
		{Name: "name", Value: flags.String{To: &g.Name}, Usage: "the container's `NAME`"},
		{Name: "rm", Value: flags.Bool{To: &g.Remove}, Usage: "remove the container, and its anonymous volumes, when it has ended"},
		{Name: "env", Short: "e", Value: parser(g.addEnv), Usage: "set `NAME=VALUE`, or NAME as it is here"},
		{Name: "env-file", Value: flags.List{To: &g.envFiles}, Usage: "set the variables that are in `FILE`, a line each"},
		{Name: "workdir", Short: "w", Value: flags.String{To: &g.Program.Dir}, Usage: "working `DIR` inside the container"},
		{Name: "user", Short: "u", Value: flags.String{To: &g.User}, Usage: "run as this `USER[:GROUP]`, by names of the image or by numbers"},
		{Name: "group-add", Value: flags.List{To: &g.Groups}, Usage: "a further `GROUP` of the user"},
		{Name: "entrypoint", Value: parser(g.setEntrypoint), Usage: "the `COMMAND` that the image's arguments are for; \"\" is none"},
		{Name: "label", Short: "l", Value: flags.List{To: &g.labels}, Usage: "note `KEY=VALUE` about the container"},
		{Name: "label-file", Value: flags.List{To: &g.labelFiles}, Usage: "note the labels that are in `FILE`, a line each"},
		{Name: "tty", Short: "t", Value: flags.Bool{To: &g.TTY}, Usage: "a terminal of its own"},
		{Name: "interactive", Short: "i", Value: flags.Bool{To: &g.Interactive}, Usage: "keep standard input open"},
		restart.Flag(&g.restart),
		{Name: "stop-signal", Value: flags.String{To: &g.StopSignal}, Usage: "`SIGNAL` that asks it to end (SIGTERM)"},
		{Name: "stop-timeout", Value: parser(g.setTimeout), Usage: "kill it when it has not ended `SECONDS` later (10)"},
		{Name: "init", Value: flags.Bool{To: &g.Init}, Usage: "have a first process that reaps others and passes signals on to yours"},
		{Name: "device", Value: parser(g.addDevice), Usage: "a device of the host's: `/dev/HOST[:/dev/CONTAINER]`"},
		{Name: "shm-size", Value: parser(g.setShmSize), Usage: "`BYTES` of shared memory in /dev/shm, with b, k, m or g behind (64m)"},
		{Name: "cap-add", Value: flags.List{To: &g.CapAdd}, Usage: "root has this `CAPABILITY` too, or ALL"},
		{Name: "cap-drop", Value: flags.List{To: &g.CapDrop}, Usage: "root has not this `CAPABILITY`, or not ALL"},
		{Name: "sysctl", Value: parser(g.addSysctl), Usage: "set a kernel parameter of its namespaces: `NAME=VALUE`"},
		{Name: "pid", Value: flags.String{To: &g.PID}, Usage: "whose processes it sees: `MODE` host or container:NAME (its own)"},
		{Name: "ipc", Value: flags.String{To: &g.IPC}, Usage: "whose shared memory it has: `MODE` private, shareable, host or container:NAME (private)"},
		{Name: "uts", Value: flags.String{To: &g.UTS}, Usage: "`MODE` host: have the host's name"},
		{Name: "cgroupns", Value: flags.String{To: &g.Cgroupns}, Usage: "where its cgroups begin: `MODE` private or host (private)"},
		{Name: "cidfile", Value: flags.String{To: &g.CIDFile}, Usage: "write the container's id to `FILE`"},
		{Name: "log-driver", Value: flags.String{To: &g.Log.Driver}, Usage: "keep its output: `DRIVER` json-file or none (json-file)"},
		{Name: "log-opt", Value: flags.List{To: &g.logOptions}, Usage: "option of the driver: `max-size=10m`, max-file=3"},
		{Name: "link", Value: flags.List{To: &g.LinkWishes}, Usage: "know another container by its name or `NAME:ALIAS`"},
	}
}

// A parser is a flag.Value that a function reads.
type parser func(text string) error

// String is part of flag.Value.
func (p parser) String() string { return "" }

// Set is part of flag.Value.
func (p parser) Set(text string) error { return p(text) }

func (g *Given) setEntrypoint(text string) error { g.entrypoint = &text; return nil }

func (g *Given) addEnv(text string) error {
	if strings.HasPrefix(text, "=") {
		return fmt.Errorf("invalid environment variable: %s", text)
	}
	g.env = append(g.env, text)
	return nil
}

func (g *Given) setTimeout(text string) error {
	seconds, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("strconv.ParseInt: parsing %q: invalid syntax", text)
	}
	g.StopTimeout = &seconds
	return nil
}

func (g *Given) setShmSize(text string) (err error) {
	g.ShmSize, err = units.RAMInBytes(text)
	return err
}

func (g *Given) addSysctl(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found || !isNamespaced(name) {
		return fmt.Errorf("sysctl '%s' is not allowed: give NAME=VALUE, for net.*, or for message queues or shared memory", text)
	}
	if g.Sysctls == nil {
		g.Sysctls = map[string]string{}
	}
	g.Sysctls[name] = value
	return nil
}

// isNamespaced tells whether a kernel parameter is one of a namespace, which a container can have of its own.
func isNamespaced(name string) bool {
	ipc := []string{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"}
	return slices.Contains(ipc, name) || strings.HasPrefix(name, "fs.mqueue.") || strings.HasPrefix(name, "net.")
}

func (g *Given) addDevice(text string) error {
	words := strings.Split(text, ":")
	d := Device{Host: words[0], Container: words[0], Permissions: "rwm"}
	switch {
	case len(words) == 2 && isPermissions(words[1]):
		d.Permissions = words[1]
	case len(words) == 2:
		d.Container = words[1]
	case len(words) == 3:
		d.Container, d.Permissions = words[1], words[2]
	case len(words) > 3:
		return fmt.Errorf("bad format for path: %s", text)
	}
	switch {
	case !strings.HasPrefix(d.Container, "/"):
		return fmt.Errorf("bad format for path: %s: %s is not an absolute path", text, d.Container)
	case !isPermissions(d.Permissions):
		return fmt.Errorf("bad mode specified: %s", d.Permissions)
	case len(d.Permissions) != 3:
		return fmt.Errorf("--device %s: a part of the permissions cannot be kept back here: give rwm, or none", text)
	}
	g.Devices = append(g.Devices, d)
	return nil
}

// isPermissions tells whether a text has letters of rwm, each once.
func isPermissions(text string) bool {
	for i, letter := range text {
		if !strings.ContainsRune("rwm", letter) || strings.ContainsRune(text[:i], letter) {
			return false
		}
	}
	return text != ""
}

// Complete reads what was typed behind the flags, and returns what has been said of the container.
func (g *Given) Complete(image string, args []string) (c Config, err error) {
	c = g.Config
	c.Image, c.Cmd = image, args
	if g.entrypoint != nil {
		c.Entrypoint = []string{}
		if *g.entrypoint != "" {
			c.Entrypoint = []string{*g.entrypoint}
		}
	}
	if c.Program.Env, err = Variables(g.envFiles, g.env); err != nil {
		return c, err
	}
	if c.Labels, err = labels(g.labelFiles, g.labels); err != nil {
		return c, err
	}
	if c.Networks, err = g.networks.Networks(); err != nil {
		return c, err
	}
	if c.Log.Options, err = options(g.logOptions); err != nil {
		return c, err
	}
	if c.Restart, err = restart.Parse(g.restart, c.Remove); err != nil {
		return c, err
	}
	if c.Health, err = g.health.Merge(nil); err != nil {
		return c, err
	}
	c.checks = g.health
	c.Volumes = map[string]struct{}{}
	for _, place := range g.Mounts.Places {
		c.Volumes[place] = struct{}{}
	}
	return c, c.check()
}

// check refuses what cannot be, whatever the image.
func (c *Config) check() error {
	if _, err := Signal(c.Signal()); err != nil {
		return err
	}
	if c.ShmSize < 0 {
		return errors.New("SHM size can not be less than 0")
	}
	if !slices.Contains([]string{"", "json-file", "none"}, c.Log.Driver) {
		return fmt.Errorf("error looking up logging plugin %s: plugin %q not found: there are json-file and none", c.Log.Driver, c.Log.Driver)
	}
	if err := c.Resources.Validate(); err != nil {
		return err
	}
	if _, err := c.Rights(); err != nil {
		return err
	}
	if c.Log.Driver == "none" && len(c.Log.Options) > 0 {
		return errors.New("invalid logging opts for driver none")
	}
	if _, err := logs.ParseOptions(c.Log.Options); err != nil {
		return err
	}
	return c.checkModes()
}

// options reads NAME=VALUE, each once.
func options(texts []string) (map[string]string, error) {
	all := map[string]string{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found {
			return nil, fmt.Errorf("invalid logging opts format")
		}
		all[name] = value
	}
	return all, nil
}
