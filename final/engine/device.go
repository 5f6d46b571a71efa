package engine

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/final/container"
	"drydock/internal/kernel"
	"drydock/stage1-namespaces/namespace"
)

// makeDevice makes a device's node in the container, as it is on the host: where that is, the parent has looked up, for its
// files are gone from here.
func makeDevice(d container.Device) error {
	target := path.Clean(d.Container)
	if err := kernel.MkdirAll("the folder of the device", path.Dir(target), 0o755); err != nil {
		return err
	}
	if err := kernel.Mknod("a device of the host's", target, d.Mode, int(d.Number)); err != nil { //nolint:gosec // as the kernel has it
		return err
	}
	return os.Lchown(target, d.UID, d.GID)
}

// look looks up what the devices of a container are on the host.
func look(devices []container.Device) error {
	for i := range devices {
		d := &devices[i]
		var node unix.Stat_t
		if err := unix.Stat(d.Host, &node); err != nil {
			return fmt.Errorf("error gathering device information while adding custom device %q: no such file or directory", d.Host)
		}
		if kind := node.Mode & unix.S_IFMT; kind != unix.S_IFCHR && kind != unix.S_IFBLK {
			return fmt.Errorf("error gathering device information while adding custom device %q: not a device node", d.Host)
		}
		d.Mode, d.Number, d.UID, d.GID = node.Mode, node.Rdev, int(node.Uid), int(node.Gid)
	}
	return nil
}

// setSysctls sets kernel parameters of the container's namespaces, sysctl(8). Others are the host's.
func setSysctls(parameters map[string]string) error {
	for name, value := range parameters {
		file := path.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
		if err := kernel.WriteFile("a parameter of the kernel's, for these namespaces", file, value); err != nil {
			return err
		}
	}
	return nil
}

// checkSysctls refuses parameters that are not those of a namespace of the container's own.
func checkSysctls(c container.Config) error {
	own := c.Namespace.New
	for name := range c.Sysctls {
		isIPC := slices.Contains([]string{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"}, name) || strings.HasPrefix(name, "fs.mqueue.")
		switch {
		case strings.Contains(name, "/"), strings.Contains(name, ".."):
		case isIPC && own.Has(namespace.IPC), strings.HasPrefix(name, "net.") && own.Has(namespace.Net):
			continue
		case name == "kernel.hostname", name == "kernel.domainname" && own.Has(namespace.UTS):
			return fmt.Errorf("sysctl %q is not allowed: use --hostname", name)
		}
		return fmt.Errorf("sysctl %q is not in a separate kernel namespace: only net.*, and those of shared memory and message queues, can be the container's own", name)
	}
	return nil
}
