package inspect

import (
	"cmp"
	"slices"

	"drydock/final/container"
	"drydock/final/images/show"
	"drydock/final/networks/publish"
)

// A Config is what a container is to itself: a new one of it would be the same.
type Config struct {
	Hostname     string
	Domainname   string
	User         string
	AttachStdin  bool
	AttachStdout bool
	AttachStderr bool
	ExposedPorts map[string]struct{} `json:",omitempty"`
	Tty          bool
	OpenStdin    bool
	StdinOnce    bool
	Env          []string
	Cmd          []string
	Healthcheck  *show.Healthcheck `json:",omitempty"`
	Image        string
	Volumes      map[string]struct{}
	WorkingDir   string
	Entrypoint   []string
	OnBuild      []string `json:",omitempty"`
	Labels       map[string]string
	StopSignal   string   `json:",omitempty"`
	StopTimeout  *int     `json:",omitempty"`
	Shell        []string `json:",omitempty"`
}

// ConfigOf is what a container is to itself.
func ConfigOf(c container.Config) Config {
	attached := func(stream string) bool { return slices.Contains(c.Attached, stream) }
	p := Config{
		Hostname: cmp.Or(c.Hostname, c.Namespace.Hostname), User: c.User, AttachStdin: attached("stdin"), AttachStdout: attached("stdout"), AttachStderr: attached("stderr"),
		ExposedPorts: ports(c), Tty: c.TTY, OpenStdin: c.Interactive, StdinOnce: c.Interactive && attached("stdin"), Env: c.Program.Env, Cmd: c.Cmd,
		Healthcheck: c.Health, Image: c.Image, Volumes: c.Volumes, WorkingDir: c.Program.Dir, Entrypoint: c.Entrypoint, OnBuild: c.OnBuild,
		Labels: map[string]string{}, StopSignal: c.StopSignal, StopTimeout: c.StopTimeout, Shell: c.Shell,
	}
	if c.Labels != nil {
		p.Labels = c.Labels
	}
	if len(p.Volumes) == 0 {
		p.Volumes = nil
	}
	if p.WorkingDir == "/" { // which is where a program is if nobody says
		p.WorkingDir = ""
	}
	return p
}

// ports are those at which the program listens, as far as somebody says so. What cannot be read was refused long ago.
func ports(c container.Config) map[string]struct{} {
	all := map[string]struct{}{}
	exposed, _ := c.Publish.Exposed(c.Exposed)
	published, _ := publish.Values{Publish: c.Publish.Publish}.Requests(nil)
	for _, r := range append(exposed, published...) {
		all[key(r.Container, r.Protocol)] = struct{}{}
	}
	return all
}
