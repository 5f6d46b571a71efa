package engine

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"drydock/final/console"
	"drydock/final/container"
	"drydock/final/mounts/attach"
	"drydock/final/storage"
	"drydock/internal/cover"
	"drydock/internal/kernel"
	"drydock/stage1-namespaces/capability"
	"drydock/stage1-namespaces/namespace"
	"drydock/stage1-namespaces/process"
	"drydock/stage1-namespaces/rootfs"
	"drydock/stage5-volumes/bind"
	"drydock/stage6-network/network"
)

// Reaper is where the program of --init is in a container.
const Reaper = "/sbin/docker-init"

// BecomeContainer is the child's side. It runs as the first process of the new namespaces, blocks until the parent has sent
// the configuration, and turns itself into the user's program. It returns only if that fails.
func BecomeContainer() error {
	cover.Open()
	var config order
	parent, err := process.Receive(&config)
	if err != nil {
		return err
	}
	if config.Explain {
		kernel.Explain = func(s kernel.Step) { s.Who = "init"; parent.Step(s) }
	}
	parent.Fail(initialise(config, parent)) // who prints it: stderr may be the container's
	return nil
}

// initialise changes what this process sees, step by step, and executes the program. The order matters: what needs the host's
// files comes before Enter.
func initialise(config order, parent *process.Reporter) error {
	if config.Namespace.New.Has(namespace.UTS) {
		if err := kernel.Sethostname("the host keeps its name, this is another table", config.Namespace.Hostname); err != nil {
			return err
		}
	}
	if err := join(config.Handed); err != nil {
		return err
	}
	if config.Namespace.New.Has(namespace.Net) {
		if err := namespace.LoopbackUp(); err != nil {
			return err
		}
	}
	if err := rootfs.Isolate(config.Root); err != nil {
		return err
	}
	driver, err := storage.Choose(config.Storage, "", nil)
	if err != nil {
		return err
	}
	if err := driver.Mount(config.Overlay); err != nil {
		return err
	}
	if err := attach.Fill(config.Points, config.Handed.Mounts, config.Root.Root); err != nil {
		return err
	}
	if err := rootfs.Enter(config.Root); err != nil {
		return err
	}
	if err := furnish(config); err != nil {
		return err
	}
	if err := attach.Attach(config.Points, config.Handed.Mounts); err != nil {
		return err
	}
	for i, file := range config.Files {
		if err := bind.Attach(file, config.Handed.Files[i]); err != nil {
			return err
		}
	}
	program, err := config.Becomes()
	if err != nil {
		return err
	}
	if err := prepareProgram(config, &program); err != nil {
		return err
	}
	if err := rootfs.Seal(config.Root); err != nil {
		return err
	}
	if err := giveUp(config.Config, program); err != nil {
		return err
	}
	return parent.Become(program)
}

// giveUp takes from root what the container is not to have of its rights. A program of another user needs some of them to become that.
func giveUp(c container.Config, program process.Program) error {
	rights, err := c.Rights()
	if err != nil {
		return err
	}
	if program.User != "" {
		return capability.Bound(^rights)
	}
	return capability.GiveUp(^rights)
}

// join enters the namespaces that are another container's.
func join(h handed) error {
	if h.Net != 0 {
		if err := network.Join(h.Net); err != nil {
			return err
		}
	}
	if h.IPC == 0 {
		return nil
	}
	runtime.LockOSThread() // never unlocked: all that follows is for the container
	return kernel.Setns("shared memory and message queues are another container's", h.IPC, unix.CLONE_NEWIPC)
}

// furnish adds to /dev and /proc/sys what the user wants there.
func furnish(config order) error {
	switch {
	case config.Handed.Shm != 0:
		if err := kernel.Unmount("shared memory is that of others", "/dev/shm", 0); err != nil {
			return err
		}
		if err := bind.Attach(bind.Mount{Target: "/dev/shm"}, config.Handed.Shm); err != nil {
			return err
		}
	case config.ShmSize != 0:
		err := kernel.Mount("as much shared memory as is wanted", "shm", "/dev/shm", "tmpfs",
			unix.MS_REMOUNT|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, fmt.Sprintf("mode=1777,size=%d", config.ShmSize))
		if err != nil {
			return err
		}
	}
	for _, d := range config.Devices {
		if err := makeDevice(d); err != nil {
			return err
		}
	}
	return setSysctls(config.Sysctls)
}

// prepareProgram gives the program its terminal or its standard files, and, with --init, the one that reaps in its place.
func prepareProgram(config order, program *process.Program) error {
	if config.Root.ReadOnly {
		if err := kernel.MkdirAll("a working directory that is missing is made while that is possible", program.Dir, 0o755); err != nil {
			return err
		}
	}
	if config.Handed.Reaper != 0 {
		if err := bind.Attach(bind.Mount{Target: Reaper, ReadOnly: true}, config.Handed.Reaper); err != nil {
			return err
		}
		program.Args = append([]string{Reaper, "--"}, program.Args...)
	}
	if config.Handed.Console != 0 {
		if err := console.Take(config.Handed.Console, config.Size); err != nil {
			return err
		}
	}
	return ownStandardFiles(*program)
}

// ownStandardFiles has pipes, and a terminal, be the user's: he may open them anew, as /dev/stdout.
func ownStandardFiles(program process.Program) error {
	if program.User == "" {
		return nil
	}
	var uid, gid int
	if _, err := fmt.Sscanf(program.User, "%d:%d", &uid, &gid); err != nil {
		return err
	}
	for standard := range 3 {
		info, err := os.NewFile(uintptr(standard), "").Stat()
		if err != nil {
			continue // it is closed
		}
		if info.Mode()&(os.ModeNamedPipe|os.ModeCharDevice) == 0 || isNull(standard) {
			continue
		}
		if err := unix.Fchown(standard, uid, -1); err != nil {
			return fmt.Errorf("give descriptor %d to the user: %w", standard, err)
		}
	}
	return nil
}

func isNull(fd int) bool {
	var device unix.Stat_t
	return unix.Fstat(fd, &device) == nil && device.Rdev == unix.Mkdev(1, 3)
}
