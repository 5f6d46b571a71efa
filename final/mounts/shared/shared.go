// Package shared tells whether what is mounted at a path shows up elsewhere, too.
//
// The problem: -v /mnt:/mnt:rshared promises that what the container mounts there shows up on the
// host. It does only if the host's mount has peers: a copy of a private mount is alone.
//
// The kernel feature: /proc/self/mountinfo has shared:N for a mount in a peer group, and
// master:N for one that takes from a group. Which mount a path is in, statx(2) tells.
//
// In a shell: findmnt -o TARGET,PROPAGATION --target PATH.
//
// To read: mount_namespaces(7), proc_pid_mountinfo(5), statx(2).
package shared

import (
	"fmt"
	"strings"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Check refuses a propagation that the mount at a path of the host cannot have. Linux 5.8.
func Check(path, propagation string) error {
	var wanted []string
	switch strings.TrimPrefix(propagation, "r") {
	case "shared":
		wanted = []string{"shared"}
	case "slave":
		wanted = []string{"shared", "slave"}
	default:
		return nil
	}
	mount, err := of(path)
	if err != nil {
		return err
	}
	for option := range strings.FieldsSeq(mount.Optional) {
		isShared, isSlave := strings.HasPrefix(option, "shared:"), strings.HasPrefix(option, "master:")
		if isShared || isSlave && len(wanted) > 1 {
			return nil
		}
	}
	return fmt.Errorf("path %s is mounted on %s but it is not a %s mount: mount --make-shared %s makes it one",
		path, mount.Mountpoint, strings.Join(wanted, " or "), mount.Mountpoint)
}

// of returns the mount that a path is in.
func of(path string) (*mountinfo.Info, error) {
	var stat unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_MNT_ID, &stat); err != nil {
		return nil, fmt.Errorf("statx %s: %w", path, err)
	}
	found, err := mountinfo.GetMounts(func(m *mountinfo.Info) (skip, stop bool) {
		itIs := uint64(m.ID) == stat.Mnt_id
		return !itIs, itIs
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("could not find source mount of %s: it was unmounted meanwhile", path)
	}
	return found[0], nil
}
