package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// IoctlIfreq is ioctl(2) with the requests of netdevice(7), of which one is used:
// SIOCSIFFLAGS, which switches a network link on.
func IoctlIfreq(why string, fd int, request uint, link *unix.Ifreq) error {
	tell(why, func() (string, string) {
		call := fmt.Sprintf("ioctl(%d, %#x, {.ifr_name=%q, .ifr_flags=%#x})", fd, request, link.Name(), link.Uint16())
		if request == unix.SIOCSIFFLAGS && link.Uint16()&unix.IFF_UP != 0 {
			return call, command("ip", "link", "set", "dev", link.Name(), "up")
		}
		return call, ""
	})
	return context(unix.IoctlIfreq(fd, request, link), "change the network link %s", link.Name())
}
