package container

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"drydock/final/images/show"
)

// OnImage has the container be on the layers of an image, bottom first, and fills in from its configuration what the
// command line leaves open.
func (c *Config) OnImage(id string, img show.Config, layers []string) (err error) {
	if len(layers) == 0 {
		return fmt.Errorf("the image %s has no layers: there is nothing to run in", c.Image)
	}
	c.ImageID = id
	c.Overlay.Layers = append(layers, c.Overlay.Layers...)
	// Who says another entrypoint does not want the image's arguments for it.
	if c.Entrypoint == nil {
		c.Entrypoint = img.Entrypoint
		if len(c.Cmd) == 0 {
			c.Cmd = img.Cmd
		}
	}
	if len(c.Entrypoint)+len(c.Cmd) == 0 {
		return errors.New("no command specified")
	}
	// A variable without a value is for -e to take from here; an image has no right to that.
	for _, variable := range img.Env {
		name, _, hasValue := strings.Cut(variable, "=")
		if hasValue && !slices.ContainsFunc(c.Program.Env, func(own string) bool { return strings.HasPrefix(own, name+"=") }) {
			c.Program.Env = append(c.Program.Env, variable)
		}
	}
	c.Program.Dir, c.User = cmp.Or(c.Program.Dir, img.WorkingDir), cmp.Or(c.User, img.User)
	c.StopSignal = cmp.Or(c.StopSignal, img.StopSignal)
	c.Labels = merged(img.Labels, c.Labels)
	c.Exposed = slices.Sorted(maps.Keys(img.ExposedPorts))
	c.Declared = slices.Sorted(maps.Keys(img.Volumes))
	for _, place := range c.Declared {
		c.Volumes[place] = struct{}{}
	}
	c.Shell, c.OnBuild = img.Shell, img.OnBuild
	c.Health, err = c.checks.Merge(img.Healthcheck)
	return err
}

// OnRootfs has the container be on a directory.
func (c *Config) OnRootfs() {
	c.Overlay.Layers = append([]string{c.Image}, c.Overlay.Layers...)
}

// Replace puts variables in the place of those of the same names, and others behind.
func Replace(env, others []string) []string {
	for _, variable := range others {
		name, _, _ := strings.Cut(variable, "=")
		same := func(other string) bool { return strings.HasPrefix(other, name+"=") }
		if i := slices.IndexFunc(env, same); i >= 0 {
			env[i] = variable
		} else {
			env = append(env, variable)
		}
	}
	return env
}

func merged(first, then map[string]string) map[string]string {
	all := maps.Clone(first)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, then)
	return all
}
