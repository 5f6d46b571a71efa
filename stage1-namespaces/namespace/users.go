package namespace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// subordinate is the first of the 65,536 host ids that root's containers use as
// their 0 to 65535. No user logs in with one of them. It is the first range that
// useradd(8) hands out in /etc/subuid, so rootless containers of the first user may
// share it; a range that is kept for us comes with /etc/subuid, in final.
const subordinate = 100000

// mapUsers says who the ids of a new user namespace are outside. Root may map any
// range. An ordinary user may map only itself, and has to give up setgroups(2)
// first, so that nobody leaves a group that was used to deny something
// (user_namespaces(7)). Credential makes the child 0 inside: without it, it would
// keep running as the host's root in a namespace where that id has no name.
func mapUsers(attr *syscall.SysProcAttr, uid, gid int) {
	if uid == 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: subordinate, Size: 65536}}
		attr.GidMappings = attr.UidMappings
		attr.GidMappingsEnableSetgroups = true
		attr.Credential = &syscall.Credential{Uid: 0, Gid: 0}
		return
	}
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: gid, Size: 1}}
	attr.Credential = &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true}
}

// Remedy adds to an error of starting a container what the user can do about it.
func (c Config) Remedy(err error) error {
	switch {
	case err == nil:
		return nil
	case c.Userns:
		return forbidden(err, "/proc/sys")
	case errors.Is(err, syscall.EPERM) && os.Geteuid() == 0:
		return fmt.Errorf("%w: this root lacks CAP_SYS_ADMIN, as in an ordinary container: try it in the VM: make shell", err)
	case errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%w: this needs root: use sudo, or --userns", err)
	}
	return err
}

// forbidden explains a failure inside a user namespace where this host forbids
// such namespaces, by naming the sysctl under sys (/proc/sys) that does.
// It returns err as it is where none does.
func forbidden(err error, sys string) error {
	rules := []struct{ file, forbids, allows string }{
		{"user/max_user_namespaces", "0", "15000"},
		{"kernel/unprivileged_userns_clone", "0", "1"},             // Debian's, until 11
		{"kernel/apparmor_restrict_unprivileged_userns", "1", "0"}, // Ubuntu's, since 24.04
	}
	for _, rule := range rules {
		value, unread := os.ReadFile(filepath.Join(sys, rule.file))
		if unread != nil || strings.TrimSpace(string(value)) != rule.forbids {
			continue // most hosts have only the first of the three
		}
		name := strings.ReplaceAll(rule.file, "/", ".")
		return fmt.Errorf("%w: this host forbids user namespaces (%s=%s): sudo sysctl -w %s=%s, or try it in the VM: make shell",
			err, name, rule.forbids, name, rule.allows)
	}
	if strings.Contains(err.Error(), "permission denied") { // init reports errors as text
		return fmt.Errorf("%w: root in there is an ordinary user out here, and may not do that: give it a root directory that it can reach and write to", err)
	}
	return err
}
