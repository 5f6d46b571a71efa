package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

const runUsage = `usage: testvm run [FLAG…] -- COMMAND [ARG…]

Boot a fresh VM, run COMMAND in it as root, and pass on its stdout, its stderr
and its exit status. One argument is a line for the shell, several are the words
of one command. The VM and all that was changed in it are thrown away.
`

const hostArch = runtime.GOARCH

// options are the flags of run and shell.
type options struct {
	guest       string
	which       guestChoice
	kernel      string
	modules     string
	bin         string
	add         []string
	accelerator string
	memory      int
	cpus        int
	timeout     time.Duration
}

func (o *options) register(flags *flag.FlagSet) {
	o.which.register(flags)
	flags.StringVar(&o.guest, "guest", os.Getenv("GUEST"), "the guest `FILE` (default build/guest-SUITE-ARCH.guest)")
	flags.StringVar(&o.kernel, "kernel", "", "another kernel, a `FILE` like /boot/vmlinuz-…")
	flags.StringVar(&o.modules, "modules", "", "its modules, a `DIR` like /lib/modules/…")
	flags.StringVar(&o.bin, "bin", "", "the `DIR` that becomes /drydock/bin (default bin)")
	flags.Func("add", "`HOSTPATH:GUESTPATH`: a file or folder to take along, can be repeated", func(pair string) error {
		o.add = append(o.add, pair)
		return nil
	})
	flags.StringVar(&o.accelerator, "accel", "", "`kvm`, hvf or tcg (default: the fastest that can boot a VM)")
	flags.IntVar(&o.memory, "memory", 2048, "the VM's memory in `MiB`")
	flags.IntVar(&o.cpus, "cpus", 2, "its `number` of processors")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Minute, "kill the VM after this `time`; 0 is never")
}

func runCommand(ctx context.Context, args []string, stdio Stdio) (int, error) {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	var o options
	o.register(flags)
	if done, err := parse(flags, args, runUsage, stdio); done {
		return 0, err
	}
	if flags.NArg() == 0 {
		return 0, errors.New("run wants a command: testvm run -- COMMAND")
	}
	cargo, err := o.cargo(shellLine(flags.Args()))
	if err != nil {
		return 0, err
	}
	return o.boot(ctx, cargo, stdio)
}

// cargo is what travels, with command.
func (o *options) cargo(command string) (Cargo, error) {
	top, err := checkoutTop()
	if err != nil {
		return Cargo{}, err
	}
	if o.bin == "" {
		o.bin = filepath.Join(top, "bin")
	}
	if o.guest == "" {
		o.guest = o.which.defaultFile(top)
	}
	return Cargo{Checkout: top, Bin: o.bin, Add: o.add, Modules: o.modules, Command: command}, nil
}

// checkoutTop is the nearest folder from here upwards with a go.work, or else
// this one.
func checkoutTop() (string, error) {
	here, err := os.Getwd()
	for dir := here; err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return here, err
}

// boot runs the cargo's command in a VM, on a terminal if it has one.
func (o *options) boot(ctx context.Context, cargo Cargo, stdio Stdio) (int, error) {
	manifest, err := readManifest(o.guest)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("there is no guest file %s: make it with `make guest` on a Debian machine, or name one with GUEST=FILE", o.guest)
	}
	if err != nil {
		return 0, err
	}
	tree, err := cargo.tree()
	if err != nil {
		return 0, err
	}
	accelerator := o.accelerator
	if accelerator == "" {
		if accelerator, err = o.chooseAccelerator(ctx, manifest, stdio.Err); err != nil {
			return 0, err
		}
	}
	dir, err := os.MkdirTemp("", "testvm-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	vm := VM{
		Machine: Machine{
			Arch: manifest.Arch, Accelerator: accelerator, CPUs: o.cpus, MemoryMiB: o.memory,
			Kernel: o.kernel, Initrd: filepath.Join(dir, "initrd"), Terminal: cargo.Terminal,
		},
		Dir: dir, Limit: o.timeout, Stdio: stdio,
	}
	if vm.Kernel == "" {
		vm.Kernel = filepath.Join(dir, "kernel")
		if err := writeFile(vm.Kernel, func(w io.Writer) error { return extract(o.guest, kernelMember, w) }); err != nil {
			return 0, err
		}
	}
	err = writeFile(vm.Initrd, func(w io.Writer) error {
		return errors.Join(extract(o.guest, initrdMember, w), writeCPIO(w, tree))
	})
	if err != nil {
		return 0, err
	}
	return vm.run(ctx)
}

// writeFile makes a file of what write writes.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	return errors.Join(write(buffered), buffered.Flush(), file.Close())
}
