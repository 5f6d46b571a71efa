// Testvm boots a throw-away Linux in a few seconds and runs a command in it.
//
// The problem: what this project does needs root and changes mounts, links,
// firewall rules and cgroups. A test that does so on the reader's own machine
// is one mistake away from breaking it, and fails where the kernel is another.
//
// The feature: QEMU starts a kernel directly, without firmware or boot loader,
// and the kernel unpacks its first filesystem from a cpio archive in memory
// (initramfs). So a VM needs no disk image, no installation and no privilege.
//
// The same by hand:
//
//	find . | cpio -o -H newc >initramfs
//	qemu-system-x86_64 -M microvm -kernel vmlinuz -initrd initramfs -append console=ttyS0
//
// See qemu(1), cpio(1), bootparam(7), pivot_root(2).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: testvm COMMAND [FLAG…]

  guest    build the guest file: kernel, programs and modules of the VM
  rootfs   make a root filesystem to run containers on
  run      boot a VM, run a command in it as root, pass on its exit status
  shell    boot a VM and open a shell in it

testvm COMMAND -h describes one. What is testvm's own failure ends with exit
status 125, a time limit with 124.
`

// Exit statuses of our own; timeout(1) has the same.
const (
	exitLimit   = 124
	exitFailure = 125

	exitInterrupted = 130 // as a shell reports SIGINT
)

// Stdio is what a command reads and writes.
type Stdio struct {
	In  *os.File
	Out io.Writer
	Err io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], Stdio{os.Stdin, os.Stdout, os.Stderr}))
}

func run(args []string, stdio Stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	status, err := dispatch(ctx, args, stdio)
	if err == nil {
		return status
	}
	if ctx.Err() != nil {
		fmt.Fprintln(stdio.Err, "testvm: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(stdio.Err, "testvm: %v\n", err)
	var limit limitError
	if errors.As(err, &limit) {
		return exitLimit
	}
	return exitFailure
}

func dispatch(ctx context.Context, args []string, stdio Stdio) (int, error) {
	if len(args) == 0 {
		return 0, errors.New("a command is missing: guest, rootfs, run or shell (testvm help)")
	}
	switch args[0] {
	case "guest":
		return guestCommand(args[1:], stdio)
	case "rootfs":
		return rootfsCommand(args[1:], stdio)
	case "run":
		return runCommand(ctx, args[1:], stdio)
	case "shell":
		return shellCommand(ctx, args[1:], stdio)
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(stdio.Out, usage)
		return 0, err
	}
	return 0, fmt.Errorf("unknown command %q: guest, rootfs, run or shell (testvm help)", args[0])
}

// parse parses args. Asked for help, it prints it and reports done.
func parse(flags *flag.FlagSet, args []string, usage string, stdio Stdio) (done bool, err error) {
	flags.SetOutput(io.Discard)
	err = flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stdio.Out, usage)
		flags.SetOutput(stdio.Out)
		flags.PrintDefaults()
		return true, nil
	}
	if err != nil {
		return true, fmt.Errorf("%s: %w (testvm %s -h)", flags.Name(), err, flags.Name())
	}
	return false, nil
}
