package rootfs

import (
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// devices are the character devices that every container has. They are known to
// the kernel by two numbers (Documentation/admin-guide/devices.txt); the names are
// custom. None of them gives access to hardware.
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3},
	{"zero", 1, 5},
	{"full", 1, 7},
	{"random", 1, 8},
	{"urandom", 1, 9},
	{"tty", 5, 0},
}

// links are what programs expect in /dev that is not a device: a process's own
// open files, and the opener of pseudo-terminals.
var links = []struct{ name, target string }{
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
}

// mountDev gives the container a /dev of its own, instead of the host's with its
// disks: an empty tmpfs with a few harmless devices.
func mountDev(c Config) error {
	err := kernel.Mount("a /dev without the host's disks", "tmpfs", "dev", "tmpfs",
		unix.MS_NOSUID|unix.MS_STRICTATIME, "mode=755,size=65536k")
	if err != nil {
		return err
	}
	kernel.Umask("the modes of devices are meant exactly", 0)
	for _, d := range devices {
		if err := makeDevice(c, d.name, unix.Mkdev(d.major, d.minor)); err != nil {
			return err
		}
	}
	for _, l := range links {
		if err := kernel.Symlink("programs expect this name", l.target, "dev/"+l.name); err != nil {
			return err
		}
	}
	return mountBelowDev(c)
}

// makeDevice makes a device node. In a user namespace that is refused (whoever may
// make nodes may make one for the disk), so the host's node is bound on a file.
func makeDevice(c Config, name string, number uint64) error {
	path := "dev/" + name
	if !c.Userns {
		return kernel.Mknod("a device every program expects", path, unix.S_IFCHR|0o666, int(number))
	}
	if err := kernel.Mknod("a file to bind the host's device on", path, unix.S_IFREG|0o644, 0); err != nil {
		return err
	}
	return kernel.Mount("user namespaces may not make devices, so borrow the host's", "/dev/"+name, path, "", unix.MS_BIND, "")
}

// mountBelowDev mounts the three file systems that live in /dev: terminals, shared
// memory, message queues.
func mountBelowDev(c Config) error {
	for _, dir := range []string{"dev/pts", "dev/shm", "dev/mqueue"} {
		if err := kernel.MkdirAll("a mount needs a directory to lie on", dir, 0o755); err != nil {
			return err
		}
	}
	pts := "newinstance,ptmxmode=0666,mode=0620,gid=5" // 5 is group tty
	if c.Userns {
		pts = "newinstance,ptmxmode=0666,mode=0620" // group 5 need not exist in there
	}
	err := kernel.Mount("terminals of its own, numbered from 0", "devpts", "dev/pts", "devpts",
		unix.MS_NOSUID|unix.MS_NOEXEC, pts)
	if err != nil {
		return err
	}
	err = kernel.Mount("shm_open(3) keeps shared memory here", "shm", "dev/shm", "tmpfs",
		harmless, "mode=1777,size=65536k")
	if err != nil {
		return err
	}
	if c.Userns && !c.OwnQueues {
		return nil // the queues are the host's, and a user namespace may not mount those
	}
	return kernel.Mount("the message queues of this IPC namespace", "mqueue", "dev/mqueue", "mqueue", harmless, "")
}
