package rootfs

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// harmless are the mount flags for a file system from which no program is started
// and no device opened.
const harmless = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// populate mounts the kernel's own file systems below the working directory.
// Images do not have their contents: the kernel makes them up, for the namespaces
// of the process that mounts them. That is why they are mounted from inside.
func populate(c Config) error {
	for _, dir := range []string{"proc", "sys", "dev"} {
		if err := mountPoint(dir); err != nil {
			return err
		}
	}
	if err := mountProc(c); err != nil {
		return err
	}
	if err := mountSys(c); err != nil {
		return err
	}
	return mountDev(c)
}

// mountPoint makes sure that a directory of the root is there. A link in its place
// could lead anywhere, so it is refused.
func mountPoint(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("/%s of the root directory is not a directory, but has to be mounted on: remove it", dir)
	}
	return kernel.MkdirAll("a mount needs a directory to lie on", dir, 0o755)
}

// mountProc mounts /proc, which shows the processes of one PID namespace.
func mountProc(c Config) error {
	if c.Userns && !c.OwnProcesses {
		return borrow("/proc", "proc")
	}
	return kernel.Mount("ps and top read /proc, which shows the PID namespace of whoever mounts it", "proc", "proc", "proc", harmless, "")
}

// mountSys mounts /sys, whose class/net shows one network namespace. Most of it is
// about the machine, so it is read-only.
func mountSys(c Config) error {
	if c.Userns && !c.OwnNetwork {
		if err := borrow("/sys", "sys"); err != nil {
			return err
		}
		return kernel.MountSetattr("the machine is not the container's to change", unix.AT_FDCWD, "sys",
			unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	}
	return kernel.Mount("the links of this network namespace; the machine is not the container's to change",
		"sysfs", "sys", "sysfs", harmless|unix.MS_RDONLY, "")
}

// borrow binds a file system of the host, with all that is mounted in it: in a user
// namespace the kernel lets nothing be uncovered that a mount hides.
func borrow(source, target string) error {
	return kernel.Mount("its namespace is the host's, so a user namespace may only show the host's",
		source, target, "", unix.MS_BIND|unix.MS_REC, "")
}
