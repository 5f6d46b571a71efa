package namespace

import (
	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// LoopbackUp switches on `lo` in the caller's network namespace. A new one has
// this link and no other, switched off: without it not even a program's
// connection to itself on 127.0.0.1 would work. netdevice(7).
func LoopbackUp() error {
	// Any socket will do: it is how a request reaches the network namespace.
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return kernel.IoctlIfreq("programs expect to reach themselves on 127.0.0.1", socket, unix.SIOCSIFFLAGS, lo)
}
