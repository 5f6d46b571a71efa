package container

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"drydock/stage1-namespaces/namespace"
)

// The words for namespaces that are not the container's own.
const (
	host    = "host"
	private = "private"
	others  = "container:"
)

// Other returns which container's namespace a mode means, if it means one.
func Other(mode string) (ref string, isOthers bool) { return strings.CutPrefix(mode, others) }

// modes takes away the namespaces that the container shares.
func (c *Config) modes() error {
	if err := c.checkModes(); err != nil {
		return err
	}
	for kind, mode := range map[string]string{namespace.PID: c.PID, namespace.IPC: c.IPC, namespace.UTS: c.UTS, namespace.Cgroup: c.Cgroupns, namespace.Net: c.Network()} {
		_, isOthers := Other(mode)
		if mode == host || isOthers {
			c.drop(kind)
		}
	}
	return nil
}

func (c *Config) drop(kind string) {
	c.Namespace.New = slices.DeleteFunc(slices.Clone(c.Namespace.New), func(other string) bool { return other == kind })
}

// Network is the mode of the network namespace.
func (c Config) Network() string {
	if c.HasBridge() || len(c.Networks) == 0 {
		return private
	}
	return c.Networks[0].Network
}

// checkModes refuses words that mean nothing, as Docker words it.
func (c *Config) checkModes() error {
	check := func(mode, words string, known ...string) error {
		ref, isOthers := Other(mode)
		switch {
		case mode == "" || !isOthers && slices.Contains(known, mode) || isOthers && ref != "" && slices.Contains(known, others):
			return nil
		}
		return fmt.Errorf("%s: choose from %s", strings.ReplaceAll(words, "MODE", mode), strings.Join(known, ", "))
	}
	for _, err := range []error{
		check(c.PID, "--pid: invalid PID mode", host, others),
		check(c.IPC, "invalid IPC mode: MODE", host, private, "shareable", "none", others),
		check(c.UTS, "--uts: invalid UTS mode", host),
		check(c.Cgroupns, "--cgroupns: invalid CGROUP mode", host, private),
	} {
		if err != nil {
			return err
		}
	}
	if c.UTS == host && c.Hostname != "" {
		return errors.New("conflicting options: hostname and the UTS mode")
	}
	return nil
}
