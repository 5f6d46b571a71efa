// Package daemon reads what a host's administrator has settled for all containers: daemon.json.
//
// The problem: which networks are free, which mirror is near and where there is room, is the same for all containers of a host, and
// is not to be typed each time. Docker's daemon reads it once, at its start; here every command does.
//
// The format is Docker's own, of which there are the keys below. One that is not known is an error: it would be a wish that nobody heeds.
//
// To read: dockerd(8) on the daemon configuration file.
package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"drydock/final/logs"
)

// File is where it is unless --config says otherwise.
const File = "/etc/drydock/daemon.json"

// Config is what it says.
type Config struct {
	DataRoot           string            `json:"data-root"`           // the state root
	StorageDriver      string            `json:"storage-driver"`      // overlay, vfs; overlay2 is Docker's word for the first
	Bridge             string            `json:"bip"`                 // the address of docker0, and its subnet: 10.9.0.1/24
	ICC                *bool             `json:"icc"`                 // containers on docker0 reach one another; true if it is not said
	DNS                []netip.Addr      `json:"dns"`                 // servers of containers, instead of the host's
	DNSSearch          []string          `json:"dns-search"`          // domains that are appended to short names
	DNSOptions         []string          `json:"dns-opts"`            // options of resolv.conf
	RegistryMirrors    []string          `json:"registry-mirrors"`    // asked for Docker Hub's images first
	InsecureRegistries []string          `json:"insecure-registries"` // spoken to without TLS if need be
	LogDriver          string            `json:"log-driver"`          // json-file or none
	LogOptions         map[string]string `json:"log-opts"`            // max-size, max-file
}

// Read reads a file. The usual one need not be there.
func Read(path string) (c Config, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && path == File {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("the configuration: %w", err)
	}
	if err := c.decode(text); err != nil {
		return c, fmt.Errorf("the configuration file %s: %w", path, err)
	}
	return c, nil
}

// decode reads the text of a file, key by key: so that what is wrong has a name.
func (c *Config) decode(text []byte) error {
	var given map[string]json.RawMessage
	if err := json.Unmarshal(text, &given); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return fmt.Errorf("it is no JSON object: %w", err)
	}
	keys := c.keys()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		to, known := keys[name]
		if !known {
			return fmt.Errorf("the following directives don't match any configuration option: %s: there are %s",
				name, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
		}
		err := json.Unmarshal(given[name], to)
		if wrong, isType := errors.AsType[*json.UnmarshalTypeError](err); isType {
			err = fmt.Errorf("a %s is no %s", wrong.Value, kinds[reflect.TypeOf(to).Elem().Kind()])
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return c.check()
}

// kinds are what JSON calls values.
var kinds = map[reflect.Kind]string{
	reflect.String: "string", reflect.Pointer: "boolean", reflect.Slice: "list of strings", reflect.Map: "object of strings",
}

// keys are those that there are, and where their values go.
func (c *Config) keys() map[string]any {
	keys := map[string]any{}
	fields := reflect.ValueOf(c).Elem()
	for i := range fields.NumField() {
		keys[fields.Type().Field(i).Tag.Get("json")] = fields.Field(i).Addr().Interface()
	}
	return keys
}

// check refuses values that mean nothing.
func (c *Config) check() error {
	if c.StorageDriver == "overlay2" {
		c.StorageDriver = "overlay"
	}
	if c.Bridge != "" {
		address, err := netip.ParsePrefix(c.Bridge)
		if err != nil || !address.Addr().Is4() || address.Bits() > 30 || address.Addr() == address.Masked().Addr() {
			return fmt.Errorf("bip: %q is not an IPv4 address with the length of its subnet, such as 10.9.0.1/24", c.Bridge)
		}
	}
	switch {
	case !slices.Contains([]string{"", "overlay", "vfs"}, c.StorageDriver):
		return fmt.Errorf("storage-driver: there is no storage driver %q: choose from overlay2, vfs", c.StorageDriver)
	case !slices.Contains([]string{"", "json-file", "none"}, c.LogDriver):
		return fmt.Errorf("log-driver: no log driver named '%s' is registered: there are json-file and none", c.LogDriver)
	case c.DataRoot != "" && !filepath.IsAbs(c.DataRoot):
		return fmt.Errorf("data-root: %q is not an absolute path", c.DataRoot)
	}
	if _, err := logs.ParseOptions(c.LogOptions); err != nil {
		return fmt.Errorf("log-opts: %w", err)
	}
	return nil
}

// Address is the host's own on the default bridge, with the length of its subnet, if the file says so.
func (c Config) Address() (address netip.Prefix) {
	if c.Bridge != "" {
		address = netip.MustParsePrefix(c.Bridge) // it has been checked
	}
	return address
}

// Silent tells whether containers on the default bridge are not to reach one another.
func (c Config) Silent() bool { return c.ICC != nil && !*c.ICC }
