package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-units"

	"drydock/final/container"
	"drydock/final/mounts"
	"drydock/final/networks"
	"drydock/final/networks/publish"
	"drydock/final/resources"
	"drydock/final/restart"
)

// A HostConfig is what a container is to the host: what it may use, and share.
type HostConfig struct {
	Binds           []string
	ContainerIDFile string
	LogConfig       LogConfig
	NetworkMode     string
	PortBindings    map[string][]Binding
	RestartPolicy   restart.Policy
	AutoRemove      bool
	VolumeDriver    string
	VolumesFrom     []string
	ConsoleSize     [2]uint
	CapAdd          []string
	CapDrop         []string
	CgroupnsMode    string
	DNS             []string `json:"Dns"`
	DNSOptions      []string `json:"DnsOptions"`
	DNSSearch       []string `json:"DnsSearch"`
	ExtraHosts      []string
	GroupAdd        []string
	IpcMode         string
	Cgroup          string
	Links           []string
	OomScoreAdj     int64
	PidMode         string
	Privileged      bool
	PublishAllPorts bool
	ReadonlyRootfs  bool
	SecurityOpt     []string
	Tmpfs           map[string]string `json:",omitempty"`
	UTSMode         string
	UsernsMode      string
	ShmSize         int64
	Sysctls         map[string]string `json:",omitempty"`
	Runtime         string
	Isolation       string
	Resources
	Mounts        []mounts.Mount `json:",omitempty"`
	MaskedPaths   []string
	ReadonlyPaths []string
	Init          *bool `json:",omitempty"`
}

// A LogConfig is where the output goes.
type LogConfig struct {
	Type   string
	Config map[string]string
}

// Resources are how much a container may use.
type Resources struct {
	CPUShares            int64 `json:"CpuShares"`
	Memory               int64
	NanoCPUs             int64 `json:"NanoCpus"`
	CgroupParent         string
	BlkioWeight          int64
	BlkioWeightDevice    []string
	BlkioDeviceReadBps   []Throttle
	BlkioDeviceWriteBps  []Throttle
	BlkioDeviceReadIOps  []Throttle
	BlkioDeviceWriteIOps []Throttle
	CPUPeriod            int64 `json:"CpuPeriod"`
	CPUQuota             int64 `json:"CpuQuota"`
	CPURealtimePeriod    int64 `json:"CpuRealtimePeriod"`
	CPURealtimeRuntime   int64 `json:"CpuRealtimeRuntime"`
	CpusetCpus           string
	CpusetMems           string
	Devices              []Device
	DeviceCgroupRules    []string
	DeviceRequests       []string
	MemoryReservation    int64
	MemorySwap           int64
	MemorySwappiness     *int64
	OomKillDisable       *bool
	PidsLimit            *int64
	Ulimits              []*units.Ulimit
	CPUCount             int64 `json:"CpuCount"`
	CPUPercent           int64 `json:"CpuPercent"`
	IOMaximumIOps        uint64
	IOMaximumBandwidth   uint64
}

// A Throttle is how fast a device may be used.
type Throttle struct {
	Path string
	Rate uint64
}

// A Device is one of the host's that a container has.
type Device struct{ PathOnHost, PathInContainer, CgroupPermissions string }

const usualShm = 64 << 20

func hostConfig(c container.Config) HostConfig {
	h := HostConfig{
		Binds: c.Mounts.Binds, ContainerIDFile: c.CIDFile, LogConfig: LogConfig{cmp.Or(c.Log.Driver, "json-file"), map[string]string{}}, NetworkMode: networks.Bridge,
		PortBindings: bindings(c), RestartPolicy: c.Restart, AutoRemove: c.Remove, VolumeDriver: c.Mounts.VolumeDriver, VolumesFrom: c.Mounts.VolumesFrom,
		ConsoleSize: c.Size, CapAdd: capabilities(c.CapAdd), CapDrop: capabilities(c.CapDrop), CgroupnsMode: cmp.Or(c.Cgroupns, "private"),
		DNS: []string{}, DNSOptions: append([]string{}, c.DNS.Options...), DNSSearch: append([]string{}, c.DNS.Search...), GroupAdd: c.Groups, IpcMode: cmp.Or(c.IPC, "private"),
		OomScoreAdj: c.Resources.OOMScoreAdj, PidMode: c.PID, PublishAllPorts: c.Publish.All, ReadonlyRootfs: c.Root.ReadOnly, Tmpfs: c.Mounts.Tmpfs, UTSMode: c.UTS,
		ShmSize: cmp.Or(c.ShmSize, usualShm), Sysctls: c.Sysctls, Resources: limits(c.Resources), Mounts: c.Mounts.Mounts,
	}
	h.Devices = devices(c.Devices)
	h.RestartPolicy.Name = cmp.Or(h.RestartPolicy.Name, "no")
	if c.Log.Options != nil {
		h.LogConfig.Config = c.Log.Options
	}
	if len(c.Networks) > 0 {
		h.NetworkMode = c.Networks[0].Network
	}
	for _, server := range c.DNS.Servers {
		h.DNS = append(h.DNS, server.String())
	}
	for _, extra := range c.Hosts {
		address := "host-gateway"
		if extra.Address.IsValid() {
			address = extra.Address.String()
		}
		h.ExtraHosts = append(h.ExtraHosts, extra.Name+":"+address)
	}
	for _, l := range c.Links {
		h.Links = append(h.Links, fmt.Sprintf("/%s:/%s/%s", l.Name, c.Name, l.Alias))
	}
	if c.Init {
		h.Init = &c.Init
	}
	return h
}

func limits(r resources.Resources) Resources {
	all := Resources{
		CPUShares: r.CPUShares, Memory: r.Memory, NanoCPUs: r.NanoCPUs, CgroupParent: r.CgroupParent, BlkioWeight: r.BlkioWeight, BlkioWeightDevice: []string{},
		BlkioDeviceReadBps: throttles(r, "rbps"), BlkioDeviceWriteBps: throttles(r, "wbps"), BlkioDeviceReadIOps: throttles(r, "riops"), BlkioDeviceWriteIOps: throttles(r, "wiops"),
		CPUPeriod: r.CPUPeriod, CPUQuota: r.CPUQuota, CpusetCpus: r.CpusetCpus, CpusetMems: r.CpusetMems, MemoryReservation: r.MemoryReservation,
		MemorySwap: r.MemorySwap, Ulimits: append([]*units.Ulimit{}, r.Ulimits...),
	}
	if all.MemorySwap == 0 {
		all.MemorySwap = 2 * r.Memory
	}
	if r.Pids != 0 {
		all.PidsLimit = &r.Pids
	}
	return all
}

func throttles(r resources.Resources, key string) []Throttle {
	all := []Throttle{}
	for _, t := range r.Throttles {
		if t.Key == key {
			all = append(all, Throttle{t.Device, t.Rate})
		}
	}
	return all
}

func devices(given []container.Device) []Device {
	all := []Device{}
	for _, d := range given {
		all = append(all, Device{d.Host, d.Container, d.Permissions})
	}
	return all
}

// capabilities are their names in full.
func capabilities(given []string) (all []string) {
	for _, name := range given {
		name = "CAP_" + strings.TrimPrefix(strings.ToUpper(name), "CAP_")
		all = append(all, strings.Replace(name, "CAP_ALL", "ALL", 1))
	}
	slices.Sort(all)
	return all
}

// bindings are where ports are to be published, as far as the user says. What cannot be read was refused long ago.
func bindings(c container.Config) map[string][]Binding {
	all := map[string][]Binding{}
	requests, _ := publish.Values{Publish: c.Publish.Publish}.Requests(nil)
	for _, r := range requests {
		var b Binding
		if r.Address.IsValid() {
			b.HostIP = r.Address.String()
		}
		if r.First != 0 {
			b.HostPort = fmt.Sprint(r.First)
		}
		if r.Last != r.First {
			b.HostPort += fmt.Sprintf("-%d", r.Last)
		}
		name := key(r.Container, r.Protocol)
		all[name] = append(all[name], b)
	}
	return all
}
