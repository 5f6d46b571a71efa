// Package mounts reads what a command line says of mounts.
//
// The problem: Docker has three ways to say it, from three times, which overlap: -v, --tmpfs and
// --mount. docker inspect shows what was given in the same words again, so that is kept; what
// comes of it in the container is package point's.
//
//	volume.go     -v /HOST:/PATH:MODE, NAME:/PATH:MODE, /PATH
//	mount.go      --mount type=TYPE,KEY=VALUE,…
//	check.go      what of it Docker's daemon refuses
//	flags.go      the flags
//
// To read: docker-run(1) on --mount, --tmpfs and --volume.
package mounts

// A Given is what a command line says of mounts, with the names of docker inspect's HostConfig.
type Given struct {
	Binds        []string          // -v with a source, as typed; a path of the host is absolute
	Mounts       []Mount           `json:",omitempty"`
	Tmpfs        map[string]string `json:",omitempty"` // options by place
	VolumeDriver string
	VolumesFrom  []string
	Places       []string `json:"-"` // -v without a source: Config.Volumes
}

// The types of mounts.
const (
	Bind   = "bind"
	Volume = "volume"
	Tmpfs  = "tmpfs"
)

// A Mount is what one --mount says, as Docker's API has it.
type Mount struct {
	Type          string         `json:",omitempty"`
	Source        string         `json:",omitempty"`
	Target        string         `json:",omitempty"`
	ReadOnly      bool           `json:",omitempty"`
	Consistency   string         `json:",omitempty"` // which means nothing on Linux
	BindOptions   *BindOptions   `json:",omitempty"`
	VolumeOptions *VolumeOptions `json:",omitempty"`
	TmpfsOptions  *TmpfsOptions  `json:",omitempty"`
}

// BindOptions are about a bind mount.
type BindOptions struct {
	Propagation            string `json:",omitempty"`
	NonRecursive           bool   `json:",omitempty"` // bind-recursive=disabled
	CreateMountpoint       bool   `json:",omitempty"` // make a source that is missing
	ReadOnlyNonRecursive   bool   `json:",omitempty"` // bind-recursive=writable
	ReadOnlyForceRecursive bool   `json:",omitempty"` // bind-recursive=readonly
}

// VolumeOptions are about a volume; labels and the driver about one that is made.
type VolumeOptions struct {
	NoCopy       bool              `json:",omitempty"`
	Labels       map[string]string `json:",omitempty"`
	Subpath      string            `json:",omitempty"`
	DriverConfig *Driver           `json:",omitempty"`
}

// A Driver is who makes a volume.
type Driver struct {
	Name    string            `json:",omitempty"`
	Options map[string]string `json:",omitempty"`
}

// TmpfsOptions are about a tmpfs.
type TmpfsOptions struct {
	SizeBytes int64  `json:",omitempty"`
	Mode      uint32 `json:",omitempty"`
}
