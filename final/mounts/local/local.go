// Package local reads the options of the volume driver of that name.
//
// The problem: a volume is a directory on this machine's disk, unless it is to be an NFS server's,
// another disk's, or in memory. The driver local takes what mount(8) does, in three options, and
// leaves it at that until a container uses the volume:
//
//	docker volume create -o type=nfs -o o=addr=192.0.2.1,ro -o device=:/export far
//	docker volume create -o type=none -o o=bind -o device=/srv/data near
//	docker volume create -o type=tmpfs -o o=size=10m -o device=tmpfs memory
//
// Docker mounts such a volume on the host, for the first container that uses it, and unmounts it
// after the last. Here it is mounted for each container where only that one sees it (package
// detached), so there is nothing to count and nothing to unmount. It is the same for a server, a disk
// or a directory, which the kernel has once. A tmpfs, however, is each container's own, where
// Docker's containers that run at the same time share it: they can share a bound directory.
// And what is mounted in a bound directory later stays out of the containers that have it already.
//
// To read: docker-volume-create(1) on Driver specific options, mount(8), nfs(5).
package local

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"

	"drydock/final/mounts/detached"
	"drydock/final/mounts/fstab"
)

// The options that there are. Of the first three, each needs those before it.
var names = []string{"type", "device", "o", "size"}

// Check refuses options with which nothing can be mounted.
func Check(options map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(names, name) {
			return fmt.Errorf("invalid option: %q: there are type, device and o", name)
		}
	}
	if options["type"] == "cifs" {
		device, err := url.Parse(options["device"])
		if err != nil {
			return fmt.Errorf("error parsing mount device url: %w: give //SERVER/SHARE", err)
		}
		if device.Port() != "" {
			return errors.New("port not allowed in CIFS device URL, include 'port' in 'o='")
		}
	}
	if size, given := options["size"]; given {
		bytes, err := units.RAMInBytes(size)
		if err != nil {
			return err
		}
		if bytes > 0 {
			return errors.New("quota size requested but no quota support")
		}
	}
	if err := checkMissing(options); err != nil {
		return err
	}
	return checkBind(options)
}

// checkMissing refuses some of type, device and o without the others.
func checkMissing(options map[string]string) error {
	has := func(name string) bool { _, found := options[name]; return found }
	switch {
	case has("type") && !has("device"), has("o") && !has("device"):
		return errors.New(`missing required option: "device"`)
	case has("device") && !has("type"):
		return errors.New(`missing required option: "type"`)
	}
	return nil
}

// checkBind refuses a directory that would be another one at each start, and what a private copy of
// it cannot be.
func checkBind(options map[string]string) error {
	device, o := options["device"], fstab.Parse(options["o"])
	switch {
	case o.Flags&unix.MS_BIND == 0:
	case !path.IsAbs(device):
		return fmt.Errorf("invalid option: \"device\": %q is no absolute path, and volumes are of no directory: give one that begins with /", device)
	case !slices.Contains([]string{"", "private", "rprivate"}, o.Propagation):
		return fmt.Errorf("invalid option: \"o\": what the host mounts later does not show up in a volume, so it cannot be %s: use --mount type=bind,src=%s,bind-propagation=%s",
			o.Propagation, device, o.Propagation)
	}
	return nil
}

// Mounts tells whether a volume with these options is mounted: else it is a directory.
func Mounts(options map[string]string) bool { return options["type"] != "" || options["device"] != "" }

// FileSystem is what is to be mounted. The kernel wants addresses where people have names.
func FileSystem(options map[string]string) (fs detached.FileSystem, err error) {
	fs = detached.FileSystem{Type: options["type"], Device: options["device"], Options: fstab.Parse(options["o"])}
	if fs.Device == "" {
		return fs, errors.New("missing device in volume options: make the volume again, with --opt device=DEVICE")
	}
	if fs.Type != "nfs" && fs.Type != "cifs" {
		return fs, nil
	}
	all := strings.Split(fs.Data, ",")
	for i, option := range all {
		if host, found := strings.CutPrefix(option, "addr="); found {
			if host, err = resolve(host); err != nil {
				return fs, err
			}
			all[i] = "addr=" + host
		}
	}
	fs.Data = strings.Join(all, ",")
	if server, found := strings.CutPrefix(fs.Device, "//"); found && fs.Type == "cifs" {
		host, share, _ := strings.Cut(server, "/")
		if host, err = resolve(host); err != nil {
			return fs, err
		}
		fs.Device = "//" + host + "/" + share
	}
	return fs, nil
}

// resolve returns the address of a host; of an address, or nothing, itself.
func resolve(host string) (string, error) {
	if host == "" || net.ParseIP(host) != nil {
		return host, nil
	}
	address, err := net.ResolveIPAddr("ip", host)
	if err != nil {
		return "", fmt.Errorf("error resolving passed in network volume address: %w: give an address, such as 192.0.2.1", err)
	}
	return address.String(), nil
}
