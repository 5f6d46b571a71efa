package container

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"drydock/stage1-namespaces/capability"
)

// capabilities are root's rights by their names in capabilities(7), in the order of the kernel's numbers.
var capabilities = strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
	NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
	SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
	BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`)

// usual are the rights that root in a container has, as in Docker: enough to install a package, and none over the host.
const usual = 1<<unix.CAP_CHOWN | 1<<unix.CAP_DAC_OVERRIDE | 1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID | 1<<unix.CAP_KILL | 1<<unix.CAP_SETGID |
	1<<unix.CAP_SETUID | 1<<unix.CAP_SETPCAP | 1<<unix.CAP_NET_BIND_SERVICE | 1<<unix.CAP_NET_RAW | 1<<unix.CAP_SYS_CHROOT |
	1<<unix.CAP_MKNOD | 1<<unix.CAP_AUDIT_WRITE | 1<<unix.CAP_SETFCAP

// all is every right that there is, or will be.
const all = ^capability.Set(0)

// Rights are those that root has in the container.
func (c Config) Rights() (capability.Set, error) {
	add, err := rights(c.CapAdd)
	if err != nil {
		return 0, err
	}
	drop, err := rights(c.CapDrop)
	if err != nil {
		return 0, err
	}
	switch {
	case add == all:
		return all &^ drop, nil
	case drop == all:
		return add, nil
	}
	return usual&^drop | add, nil
}

// rights reads names, with or without CAP_ before them.
func rights(names []string) (set capability.Set, err error) {
	for _, name := range names {
		if strings.EqualFold(name, "ALL") {
			return all, nil
		}
		bit, known := number(name)
		if !known {
			return 0, fmt.Errorf("invalid capability: %q: see capabilities(7) for those that there are", name)
		}
		set |= 1 << bit
	}
	return set, nil
}

func number(name string) (bit int, known bool) {
	for i, other := range capabilities {
		if strings.EqualFold(strings.TrimPrefix(strings.ToUpper(name), "CAP_"), other) {
			return i, true
		}
	}
	return 0, false
}
