// Package engine is what drydock does with containers: it puts together what the stages and the packages beside it
// can do, one thing each.
//
// The problem: Docker has a daemon that knows all containers and does what it is told. Here nobody knows anything but the state on
// disk, and whoever has something to do does it: a command, or a container's supervisor.
//
//	engine.go    what all of it needs
//	create.go    create: a container's record
//	run.go       what becomes of it: the composition, top to bottom on one page, called by the supervisor
//	init.go      the child's side of that
//	network.go   the container's place in its networks, and its names there
//	files.go     what init inherits
//	start.go     start: a supervisor for a container
//	exec.go      one more program in a container
//	hold.go      a container's root, for one at a time
//	end.go       stop, kill, rm, and what is left when a container has ended
//	change.go    rename, update, pause, network connect
//	commit.go    an image made of a container
//
// To read: docs/architecture.md.
package engine

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"drydock/final/daemon"
	"drydock/final/networks/connect"
	"drydock/final/storage"
	"drydock/internal/defaults"
	"drydock/internal/record"
	"drydock/stage2-cgroups/cgroup"
	"drydock/stage4-images/image"
	"drydock/stage5-volumes/volume"
)

// An Engine is everything below one state root.
type Engine struct {
	Root       string
	Config     daemon.Config
	ConfigFile string
	Containers *record.Store
	Images     *image.Store
	Volumes    *volume.Store
	Note       func(text string) // called with what the user should know

	tree func() (cgroup.Tree, error) // of all cgroups: looked for once
}

// Open opens what is below root, or where configFile says if root is empty.
func Open(root, configFile string, note func(string)) (*Engine, error) {
	config, err := daemon.Read(configFile)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.Abs(cmp.Or(root, config.DataRoot, defaults.StateRoot())); err != nil {
		return nil, err
	}
	if configFile, err = filepath.Abs(configFile); err != nil {
		return nil, err
	}
	e := &Engine{Root: root, Config: config, ConfigFile: configFile, Note: note, tree: sync.OnceValues(cgroup.FindTree)}
	if e.Containers, err = record.At(root, "drydock"); err != nil {
		return nil, err
	}
	if e.Images, err = image.Open(root); err != nil {
		return nil, err
	}
	e.Volumes, err = volume.Open(root, e.Containers.List)
	return e, err
}

// Sweep cleans up what dead supervisors have left.
func (e *Engine) Sweep() {
	swept := false
	e.Containers.Sweep(func(r record.Record) error {
		swept = true
		return e.clear(r)
	})
	if swept {
		_ = e.Volumes.Sweep("") // what cannot be swept is left to the next command
	}
}

// driver is what makes a container's root of its layers. Which one works is found out once.
func (e *Engine) driver(name string) (storage.Driver, error) {
	if name != "" {
		return storage.Choose(name, e.Root, io.Discard)
	}
	if e.Config.StorageDriver != "" {
		return storage.Choose(e.Config.StorageDriver, e.Root, io.Discard)
	}
	note := filepath.Join(e.Root, "storage-driver")
	if known, err := os.ReadFile(note); err == nil {
		return storage.Choose(string(known), e.Root, io.Discard)
	}
	driver, err := storage.Choose("", e.Root, writer(e.Note))
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(note, []byte(driver.Name()), 0o600); err != nil {
		return nil, fmt.Errorf("note the storage driver: %w", err)
	}
	return driver, nil
}

// Driver is the name of the one that new containers get.
func (e *Engine) Driver() (string, error) {
	driver, err := e.driver("")
	if err != nil {
		return "", err
	}
	return driver.Name(), nil
}

// A writer has a function be called with what is written.
type writer func(text string)

func (w writer) Write(text []byte) (int, error) {
	w(string(text))
	return len(text), nil
}

// networks is where the containers of this engine are connected.
func (e *Engine) networks() connect.Host {
	return connect.Host{Root: e.Root, Note: e.Note, Alive: e.isAlive, Address: e.Config.Address(), Silent: e.Config.Silent()}
}

// isAlive tells whether a container runs, or is about to. In doubt it does: to take its network away would be worse.
func (e *Engine) isAlive(id string) bool {
	r, err := e.Containers.Read(id)
	if os.IsNotExist(err) {
		return false
	}
	return err != nil || r.Owner.Alive() || r.IsRunning()
}
