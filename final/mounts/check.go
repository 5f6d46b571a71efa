package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"drydock/stage5-volumes/bind"
)

var errNotUTF8 = errors.New("a path that is not UTF-8 would be another one in the container's record: rename it")

// Check refuses what cannot be mounted. A source that has to be there is looked for.
func (m Mount) Check() error {
	err := m.checkTarget()
	switch {
	case err != nil:
	case !utf8.ValidString(m.Source + made(m.VolumeOptions).Subpath):
		err = errNotUTF8
	case m.Type == Bind:
		err = m.checkBind()
	case m.Type == Volume:
		err = m.checkVolume()
	case m.Type != Tmpfs:
		err = errors.New("mount type unknown: give bind, volume or tmpfs")
	case m.Source != "":
		err = errors.New("field Source must not be specified")
	}
	if err != nil {
		return fmt.Errorf("invalid mount config for type %q: %w", m.Type, err)
	}
	return nil
}

func (m Mount) checkTarget() error {
	if m.Target == "" {
		return errors.New("field Target must not be empty")
	}
	return CheckTarget(m.Target)
}

// CheckTarget refuses what cannot be a place for a mount.
func CheckTarget(target string) error {
	switch {
	case !utf8.ValidString(target):
		return errNotUTF8
	case path.Clean(target) == "/":
		return errors.New("invalid specification: destination can't be '/'")
	case !path.IsAbs(target):
		return fmt.Errorf("invalid mount path: '%s' mount path must be absolute", target)
	}
	return nil
}

func (m Mount) checkBind() error {
	options := made(m.BindOptions)
	_, isMode := bind.Propagations[options.Propagation]
	switch {
	case m.Source == "":
		return errors.New("field Source must not be empty")
	case options.Propagation != "" && !isMode:
		return fmt.Errorf("invalid propagation mode: %s", options.Propagation)
	case !path.IsAbs(m.Source):
		return fmt.Errorf("invalid mount path: '%s' mount path must be absolute", m.Source)
	}
	if _, err := os.Stat(m.Source); errors.Is(err, fs.ErrNotExist) {
		if !options.CreateMountpoint {
			return fmt.Errorf("bind source path does not exist: %s", m.Source)
		}
	} else if err != nil {
		return err
	}
	return nil
}

func (m Mount) checkVolume() error {
	subpath := made(m.VolumeOptions).Subpath
	switch {
	case subpath != "" && m.Source == "":
		return errors.New("must not set Subpath when using anonymous volumes")
	case subpath != "" && !filepath.IsLocal(subpath):
		return errors.New("subpath must be a relative path within the volume")
	}
	return nil
}

// checkLabel refuses z and Z where they would have a meaning, which is to give files a label.
func checkLabel() error {
	var fs unix.Statfs_t
	if err := unix.Statfs("/sys/fs/selinux", &fs); err == nil && fs.Type == unix.SELINUX_MAGIC {
		return errors.New("z and Z have SELinux, which is on here, let the container have the files: use chcon(1) for that, and leave them out")
	}
	return nil
}
