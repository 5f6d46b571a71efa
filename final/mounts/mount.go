package mounts

import (
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
)

// addMount keeps what one --mount says.
func (g *Given) addMount(text string) error {
	text = strings.TrimSpace(text)
	if text == "" {
		return errors.New("value is empty")
	}
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return err
	}
	m := Mount{Type: Volume}
	for _, field := range fields {
		if err := m.setField(field); err != nil {
			return err
		}
	}
	if err := m.checkOptions(); err != nil {
		return err
	}
	g.Mounts = append(g.Mounts, m)
	return nil
}

// switches are the keys that need no value.
var switches = strings.Fields("readonly ro volume-nocopy bind-nonrecursive bind-create-src")

// setField reads KEY=VALUE. The key may be in capitals.
func (m *Mount) setField(field string) error {
	key, value, hasValue := strings.Cut(field, "=")
	switch {
	case key != strings.TrimSpace(key):
		return fmt.Errorf("invalid option '%s' in '%s': option should not have whitespace", strings.TrimSpace(key), field)
	case hasValue && strings.TrimSpace(value) == "":
		return fmt.Errorf("invalid value for '%s': value is empty", key)
	case value != strings.TrimSpace(value):
		return fmt.Errorf("invalid value for '%s' in '%s': value should not have whitespace", key, field)
	}
	key = strings.ToLower(key)
	if !hasValue {
		if !slices.Contains(switches, key) {
			return fmt.Errorf("invalid field '%s' must be a key=value pair", field)
		}
		value = "true"
	}
	isKnown, err := m.set(key, value)
	if !isKnown {
		return fmt.Errorf("unknown option '%s' in '%s'", key, field)
	}
	return err
}

// set sets what a key is about.
func (m *Mount) set(key, value string) (isKnown bool, err error) {
	switch key {
	case "type":
		m.Type = strings.ToLower(value)
	case "source", "src":
		m.Source = value
		if strings.HasPrefix(value, ".") {
			m.Source, err = filepath.Abs(value)
		}
	case "target", "dst", "destination":
		m.Target = value
	case "readonly", "ro":
		m.ReadOnly, err = boolean(key, value)
	case "consistency":
		m.Consistency = strings.ToLower(value)
	default:
		return m.setOption(key, value)
	}
	return true, err
}

// setOption sets what one type of mount has.
func (m *Mount) setOption(key, value string) (isKnown bool, err error) {
	switch family, _, _ := strings.Cut(key, "-"); {
	case key == "bind-recursive" && value == "enabled":
		return true, nil // it is: that needs no options
	case family == Bind:
		m.BindOptions = made(m.BindOptions)
		return m.BindOptions.set(key, value)
	case family == Volume:
		m.VolumeOptions = made(m.VolumeOptions)
		return m.VolumeOptions.set(key, value)
	case family == Tmpfs:
		m.TmpfsOptions = made(m.TmpfsOptions)
		return m.TmpfsOptions.set(key, value)
	}
	return false, nil
}

// made is options, which begin to be there when they are first named.
func made[Options any](o *Options) *Options {
	if o == nil {
		o = new(Options)
	}
	return o
}

func (o *BindOptions) set(key, value string) (isKnown bool, err error) {
	switch key {
	case "bind-propagation":
		o.Propagation = strings.ToLower(value)
	case "bind-create-src":
		o.CreateMountpoint, err = boolean(key, value)
	case "bind-nonrecursive":
		err = errors.New("bind-nonrecursive is deprecated, use bind-recursive=disabled instead")
	case "bind-recursive":
		switch value {
		case "disabled":
			o.NonRecursive = true
		case "writable":
			o.ReadOnlyNonRecursive = true
		case "readonly":
			o.ReadOnlyForceRecursive = true
		default:
			err = fmt.Errorf(`invalid value for %s: %s (must be "enabled", "disabled", "writable", or "readonly")`, key, value)
		}
	default:
		return false, nil
	}
	return true, err
}

func (o *VolumeOptions) set(key, value string) (isKnown bool, err error) {
	switch key {
	case "volume-nocopy":
		o.NoCopy, err = boolean(key, value)
	case "volume-subpath":
		o.Subpath = value
	case "volume-label":
		o.Labels = with(o.Labels, value)
	case "volume-driver":
		o.DriverConfig = made(o.DriverConfig)
		o.DriverConfig.Name = value
	case "volume-opt":
		o.DriverConfig = made(o.DriverConfig)
		o.DriverConfig.Options = with(o.DriverConfig.Options, value)
	default:
		return false, nil
	}
	return true, err
}

func (o *TmpfsOptions) set(key, value string) (isKnown bool, err error) {
	switch key {
	case "tmpfs-size":
		o.SizeBytes, err = units.RAMInBytes(value)
	case "tmpfs-mode":
		var mode uint64
		mode, err = strconv.ParseUint(value, 8, 32)
		o.Mode = uint32(mode)
	default:
		return false, nil
	}
	if err != nil {
		err = fmt.Errorf("invalid value for %s: %s", key, value)
	}
	return true, err
}

// with adds KEY=VALUE, or KEY, to a map. What has no key is no label and no option.
func with(all map[string]string, text string) map[string]string {
	key, value, _ := strings.Cut(text, "=")
	if key == "" {
		return all
	}
	if all == nil {
		all = map[string]string{}
	}
	all[key] = value
	return all
}

func boolean(key, value string) (bool, error) {
	switch value {
	case "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	}
	return false, fmt.Errorf(`invalid value for '%s': invalid boolean value (%q): must be one of "true", "1", "false", or "0" (default "true")`, key, value)
}

// checkOptions refuses options of one type for another, and those that contradict each other.
func (m *Mount) checkOptions() error {
	mixed := func(family string) error {
		return fmt.Errorf("cannot mix '%s-*' options with mount type '%s'", family, m.Type)
	}
	switch b := m.BindOptions; {
	case b != nil && m.Type != Bind:
		return mixed(Bind)
	case m.VolumeOptions != nil && m.Type != Volume:
		return mixed(Volume)
	case m.TmpfsOptions != nil && m.Type != Tmpfs:
		return mixed(Tmpfs)
	case b != nil && b.ReadOnlyNonRecursive && !m.ReadOnly:
		return errors.New("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction")
	case b != nil && b.ReadOnlyForceRecursive && !m.ReadOnly:
		return errors.New("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction")
	case b != nil && b.ReadOnlyForceRecursive && b.Propagation != "rprivate":
		return errors.New("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction")
	}
	return nil
}
