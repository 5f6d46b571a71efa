// Package inspect tells all that is known of a container, as docker inspect shows it.
//
// The problem: scripts take containers' addresses, exit codes and labels from Docker's JSON, by the names of its fields. So that
// all of them work, there are all fields, in Docker's order: those that mean nothing here have the value that they have in Docker
// when nobody sets them.
//
//	inspect.go   the container, and how far it has come
//	host.go      HostConfig: what it is to the host
//	program.go   Config: what it is to itself
//	network.go   NetworkSettings: how it is reached
//
// In a shell: jq . containers/ID/record.json.
//
// To read: docker-container-inspect(1).
package inspect

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"drydock/final/container/show"
	"drydock/final/health"
	"drydock/final/mounts/point"
	"drydock/final/networks"
	"drydock/stage3-unionfs/overlay"
)

// An Object is a container as docker inspect shows it.
type Object struct {
	ID              string `json:"Id"`
	Created         string
	Path            string
	Args            []string
	State           State
	Image           string
	ResolvConfPath  string
	HostnamePath    string
	HostsPath       string
	LogPath         string
	Name            string
	RestartCount    int
	Driver          string
	Platform        string
	MountLabel      string
	ProcessLabel    string
	AppArmorProfile string
	ExecIDs         []string
	HostConfig      HostConfig
	GraphDriver     Storage
	SizeRw          *int64 `json:",omitempty"`
	SizeRootFs      *int64 `json:",omitempty"`
	Mounts          []point.Entry
	Config          Config
	NetworkSettings NetworkSettings
	Writer          string `json:",omitempty"` // not Docker's: which stage has made it, if one has
}

// A State is how far a container has come.
type State struct {
	Status     string
	Running    bool
	Paused     bool
	Restarting bool
	OOMKilled  bool
	Dead       bool
	Pid        int
	ExitCode   int
	Error      string
	StartedAt  string
	FinishedAt string
	Health     *health.Health `json:",omitempty"`
}

// A Storage is where the storage driver has the container's files.
type Storage struct {
	Data map[string]string
	Name string
}

// A Place is where things are of which the record does not tell.
type Place struct {
	Log      string // where its output goes
	Networks []networks.Network
}

// Inspect returns all that is known of a container.
func Inspect(c show.Container, at Place) Object {
	o := Object{
		ID: c.ID, Created: moment(c.Created), Args: []string{}, State: state(c), Image: c.Config.ImageID, Name: "/" + c.Name,
		RestartCount: c.Life.Restarts, Driver: c.Config.Storage, Platform: "linux", HostConfig: hostConfig(c.Config),
		GraphDriver: storage(c.Config.Overlay, c.Config.Storage), Mounts: point.Entries(c.Points), Config: ConfigOf(c.Config),
		NetworkSettings: networkSettings(c, at.Networks),
	}
	if len(c.Args) > 0 {
		o.Path, o.Args = c.Args[0], append(o.Args, c.Args[1:]...)
	}
	if c.Writer != "drydock" {
		o.Writer = c.Writer
	}
	if c.IsUp() || !c.Started.IsZero() { // before that, they are not there
		o.paths(c)
		if c.Config.Log.Driver != "none" {
			o.LogPath = at.Log
		}
	}
	return o
}

// AddSize adds how much of the disk is the container's.
func (o *Object) AddSize(s show.Size) { o.SizeRw, o.SizeRootFs = &s.Own, &s.All }

// paths are where the files are in which the container looks names up.
func (o *Object) paths(c show.Container) {
	for _, file := range c.Config.Files {
		switch file.Target {
		case "/etc/resolv.conf":
			o.ResolvConfPath = file.Source
		case "/etc/hostname":
			o.HostnamePath = file.Source
		case "/etc/hosts":
			o.HostsPath = file.Source
		}
	}
}

func state(c show.Container) State {
	s := State{
		Status: c.Status, Running: c.IsUp(), Paused: c.Status == "paused", Restarting: c.Status == "restarting", OOMKilled: c.Life.OOMKilled,
		ExitCode: c.ExitCode, Error: c.Life.Error, StartedAt: moment(c.Started), FinishedAt: moment(c.Finished), Health: c.Life.Health,
	}
	if c.IsRunning() {
		s.Pid, s.ExitCode = c.Init.Pid, 0 // the code is that of the last time
	}
	return s
}

// moment is a time as Docker has it; one that has not come is the year 1.
func moment(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// storage is where files are.
func storage(c overlay.Config, driver string) Storage {
	if driver != "overlay" {
		return Storage{Name: driver}
	}
	layers := slices.Clone(c.Layers)
	slices.Reverse(layers)
	return Storage{Name: driver, Data: map[string]string{
		"LowerDir": strings.Join(layers, ":"), "MergedDir": c.Root(), "UpperDir": c.Upper(), "WorkDir": filepath.Join(c.Dir, "work"),
	}}
}
