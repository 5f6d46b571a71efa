package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/go-units"
	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"drydock/final/networks/bridge"
	"drydock/final/networks/foreign"
	"drydock/final/storage"
	"drydock/stage6-network/network"
)

// storage tries what the state root's file system can do.
func (h Host) storage() Finding {
	dir := nearest(h.Root)
	var why bytes.Buffer
	driver, err := storage.Choose("", dir, &why)
	switch {
	case err != nil:
		return Finding{"the storage in " + dir, err.Error(), true}
	case why.Len() > 0:
		return Finding{What: "no overlayfs", Remedy: strings.TrimSpace(why.String())}
	}
	return Finding{What: fmt.Sprintf("storage driver %s in %s", driver.Name(), dir), Fatal: true}
}

// nearest is a directory, or the nearest one above that is there.
func nearest(dir string) string {
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return dir
}

// What the state root needs: less than the first is too little for an image, less than the second for some.
const fewBytes, someBytes = 64 << 20, 1 << 30

func (h Host) space() Finding {
	var stat unix.Statfs_t
	dir := nearest(h.Root)
	if err := unix.Statfs(dir, &stat); err != nil {
		return Finding{"the disk of " + dir, err.Error(), true}
	}
	return room(dir, int64(stat.Bavail)*stat.Bsize) //nolint:gosec // no disk has 8 EiB
}

func room(dir string, free int64) Finding {
	f := Finding{What: fmt.Sprintf("%s free in %s", units.HumanSize(float64(free)), dir), Fatal: free < fewBytes}
	if free < someBytes {
		f.Remedy = "drydock system prune -a makes room, or --root DIR is on another disk"
	}
	return f
}

// firewall asks nftables for its tables, which takes the kernel's part of it and the right to use it.
func firewall() Finding {
	conn, err := nftables.New()
	if err == nil {
		_, err = conn.ListTables()
	}
	if err != nil {
		return Finding{"nftables", err.Error() + ": modprobe nf_tables; without, --network none and host work", true}
	}
	warnings, err := foreign.Warnings("docker0", false)
	if err != nil {
		return Finding{"nftables", err.Error(), true}
	}
	return Finding{What: "nftables", Remedy: strings.Join(warnings, "; ")}
}

func forwarding() Finding {
	value, err := os.ReadFile("/proc/sys/net/ipv4/ip_forward")
	switch {
	case err != nil:
		return Finding{What: "ip_forward", Remedy: err.Error()}
	case strings.TrimSpace(string(value)) != "1":
		return Finding{What: "ip_forward is off", Remedy: "the first container on a bridge switches it on"}
	}
	return Finding{What: "ip_forward is on"}
}

// bridge looks whether the default network can have its usual name and subnet.
func (h Host) bridge() Finding {
	mark, err := bridge.Mark(h.Root)
	if err != nil {
		return Finding{What: "the bridge", Remedy: err.Error()}
	}
	chosen, reason, err := network.Bridge{}.Choose(mark)
	switch {
	case err != nil:
		return Finding{What: "the bridge", Remedy: err.Error()}
	case reason != "":
		return Finding{What: reason, Remedy: fmt.Sprintf("the default network takes the bridge %s with %s", chosen.Name, chosen.Subnet)}
	}
	return Finding{What: fmt.Sprintf("the bridge %s with %s", chosen.Name, chosen.Subnet)}
}

func (h Host) configuration() Finding {
	if h.Config != nil {
		return Finding{"the configuration", h.Config.Error(), true}
	}
	if _, err := os.Stat(h.ConfigFile); err != nil {
		return Finding{What: "no " + h.ConfigFile + ", which is fine"}
	}
	return Finding{What: "the configuration in " + h.ConfigFile}
}

func (h Host) helper() Finding {
	path, err := h.Helper()
	if err != nil {
		return Finding{What: "no drydock-transfer", Remedy: "pull, push, load, save and login need that program: put it beside drydock"}
	}
	return Finding{What: "drydock-transfer is " + path}
}
