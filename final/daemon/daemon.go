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
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strings"
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
	reader := json.NewDecoder(bytes.NewReader(text))
	reader.DisallowUnknownFields()
	if err := reader.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("the configuration file %s: %s: the keys are those of package daemon", path, strings.TrimPrefix(err.Error(), "json: "))
	}
	if c.StorageDriver == "overlay2" {
		c.StorageDriver = "overlay"
	}
	if c.Bridge != "" {
		if prefix, err := netip.ParsePrefix(c.Bridge); err != nil || !prefix.Addr().Is4() {
			return c, fmt.Errorf("the configuration file %s: bip: %q is not an IPv4 address with the length of its subnet, such as 10.9.0.1/24", path, c.Bridge)
		}
	}
	return c, nil
}
