package system

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/docker/go-units"

	"drydock/final/daemon"
)

// An Info is what docker info tells, with its names.
type Info struct {
	Containers        int
	ContainersRunning int
	ContainersPaused  int
	ContainersStopped int
	Images            int
	Driver            string
	DriverStatus      [][2]string
	Plugins           Plugins
	MemoryLimit       bool
	SwapLimit         bool
	CPUCfsPeriod      bool `json:"CpuCfsPeriod"`
	CPUCfsQuota       bool `json:"CpuCfsQuota"`
	CPUShares         bool
	CPUSet            bool
	PidsLimit         bool
	IPv4Forwarding    bool
	SystemTime        string
	LoggingDriver     string
	CgroupDriver      string
	CgroupVersion     string
	KernelVersion     string
	OperatingSystem   string
	OSVersion         string
	OSType            string
	Architecture      string
	RegistryConfig    Registries
	NCPU              int
	MemTotal          int64
	DockerRootDir     string
	Name              string
	Labels            []string
	ServerVersion     string
	DefaultRuntime    string
	InitBinary        string
	SecurityOptions   []string
	FirewallBackend   Firewall
	Warnings          []string
	ClientInfo        Program
}

// Plugins are the kinds of things of which there are several.
type Plugins struct {
	Volume, Network, Log []string
}

// Registries are what daemon.json says of them.
type Registries struct {
	InsecureRegistryCIDRs []string
	Mirrors               []string
}

// A Firewall is what makes the rules.
type Firewall struct {
	Driver string
}

// State is what a state root says.
type State struct {
	Root, Driver            string
	Running, Paused, Others int // containers
	Images                  int
	Config                  daemon.Config
}

// About is what there is to know.
func About(s State, now string) (i Info, err error) {
	limits, mounted := controllers()
	has := func(controller string) bool { return slices.Contains(limits, controller) }
	i = Info{
		Containers: s.Running + s.Paused + s.Others, ContainersRunning: s.Running, ContainersPaused: s.Paused, ContainersStopped: s.Others,
		Images: s.Images, Driver: s.Driver, DriverStatus: driverStatus(s), DockerRootDir: s.Root,
		Plugins:     Plugins{[]string{"local"}, []string{"bridge", "host", "null"}, []string{"json-file", "none"}},
		MemoryLimit: has("memory"), SwapLimit: has("memory"), CPUCfsPeriod: has("cpu"), CPUCfsQuota: has("cpu"), CPUShares: has("cpu"),
		CPUSet: has("cpuset"), PidsLimit: has("pids"), IPv4Forwarding: forwards(),
		SystemTime: now, LoggingDriver: "json-file", CgroupDriver: "cgroupfs",
		KernelVersion: kernelVersion(), OSType: runtime.GOOS, Architecture: machine(), NCPU: runtime.NumCPU(), Labels: []string{},
		RegistryConfig: Registries{append([]string{"::1/128", "127.0.0.0/8"}, s.Config.InsecureRegistries...), append([]string{}, s.Config.RegistryMirrors...)},
		ServerVersion:  Release, DefaultRuntime: "drydock", InitBinary: "drydock",
		SecurityOptions: []string{"name=cgroupns"}, FirewallBackend: Firewall{"nftables"}, ClientInfo: ThisVersion().Client,
	}
	if s.Config.LogDriver != "" {
		i.LoggingDriver = s.Config.LogDriver
	}
	if mounted {
		i.CgroupVersion = "2"
	}
	i.OperatingSystem, i.OSVersion = distribution()
	i.Warnings = warnings(limits, i.IPv4Forwarding)
	if i.Name, err = os.Hostname(); err != nil {
		return i, err
	}
	i.MemTotal, err = memory()
	return i, err
}

// driverStatus is what Docker tells of overlayfs.
func driverStatus(s State) [][2]string {
	if s.Driver != "overlay" {
		return [][2]string{}
	}
	return [][2]string{{"Backing Filesystem", fileSystem(s.Root)}, {"Supports d_type", "true"}, {"userxattr", "false"}}
}

// Write writes it for people.
func (i Info) Write(w io.Writer) error {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("Client:\n Version:    %s\n", i.ClientInfo.Version)
	line("Server: the same program, as there is no daemon")
	line(" Containers: %d\n  Running: %d\n  Paused: %d\n  Stopped: %d", i.Containers, i.ContainersRunning, i.ContainersPaused, i.ContainersStopped)
	line(" Images: %d\n Server Version: %s\n Storage Driver: %s", i.Images, i.ServerVersion, i.Driver)
	for _, pair := range i.DriverStatus {
		line("  %s: %s", pair[0], pair[1])
	}
	line(" Logging Driver: %s\n Cgroup Driver: %s\n Cgroup Version: %s", i.LoggingDriver, i.CgroupDriver, i.CgroupVersion)
	line(" Plugins:\n  Volume: %s\n  Network: %s\n  Log: %s", strings.Join(i.Plugins.Volume, " "), strings.Join(i.Plugins.Network, " "), strings.Join(i.Plugins.Log, " "))
	line(" Default Runtime: %s\n Init Binary: %s\n Security Options:", i.DefaultRuntime, i.InitBinary)
	for _, option := range i.SecurityOptions {
		line("  %s", strings.TrimPrefix(option, "name="))
	}
	line(" Kernel Version: %s\n Operating System: %s\n OSType: %s\n Architecture: %s", i.KernelVersion, i.OperatingSystem, i.OSType, i.Architecture)
	line(" CPUs: %d\n Total Memory: %s\n Name: %s", i.NCPU, units.BytesSize(float64(i.MemTotal)), i.Name)
	line(" Docker Root Dir: %s\n Insecure Registries:", i.DockerRootDir)
	for _, registry := range i.RegistryConfig.InsecureRegistryCIDRs {
		line("  %s", registry)
	}
	if len(i.RegistryConfig.Mirrors) > 0 {
		line(" Registry Mirrors:")
	}
	for _, mirror := range i.RegistryConfig.Mirrors {
		line("  %s", mirror)
	}
	line(" Firewall Backend: %s", i.FirewallBackend.Driver)
	_, err := io.WriteString(w, out.String())
	return err
}
