// Package defaults says where programs keep their things unless they are told otherwise.
// Tests tell them otherwise, by the environment.
package defaults

import (
	"cmp"
	"os"
	"path"
)

// StateRoot is the folder that the state is in.
func StateRoot() string {
	return cmp.Or(os.Getenv("DRYDOCK_ROOT"), "/var/lib/drydock")
}

// CgroupParent is the cgroup below which every container has its own, as a path in the
// hierarchy.
func CgroupParent() string {
	return path.Join("/", cmp.Or(os.Getenv("DRYDOCK_CGROUP_PARENT"), "drydock"))
}
