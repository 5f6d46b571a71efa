package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// bootLimit is how long a VM may take until its command starts. Emulated on a
// machine with much else to do that has taken half a minute.
const bootLimit = 3 * time.Minute

// limitError says that a VM was stopped because its time was up.
type limitError struct{ limit time.Duration }

func (e limitError) Error() string { return fmt.Sprintf("it was stopped after %v", e.limit) }

// vmFailure is the end of a VM that did not report its command's status: it
// panicked, hung, or was turned off. It is never the command's own failure.
type vmFailure struct {
	cause   error
	console string // the end of what the kernel printed
}

func (e *vmFailure) Error() string {
	if e.console == "" {
		return fmt.Sprintf("the VM failed: %v (its console is empty)", e.cause)
	}
	return fmt.Sprintf("the VM failed: %v\nthe end of its console:\n%s", e.cause, e.console)
}

func (e *vmFailure) Unwrap() error { return e.cause }

// VM is a machine to run, once.
type VM struct {
	Machine
	Dir   string        // a scratch folder: disk and console are made here
	Limit time.Duration // how long it may take; 0 is forever
	Stdio Stdio         // where the command's output goes; In only to a Terminal
}

// diskSize is how large the guest's scratch disk says it is; the file is sparse.
const diskSize = 8 << 30

// panicMark is in the first line that a kernel prints when it panics.
const panicMark = "Kernel panic - not syncing"

// run boots the machine and waits until it is off. It returns the status of
// the command that ran in it; or a *vmFailure, whose cause is a limitError if time
// was up, or ctx's own if that ended it.
func (vm VM) run(ctx context.Context) (int, error) {
	vm.Disk = filepath.Join(vm.Dir, "disk")
	vm.Console = filepath.Join(vm.Dir, "console")
	if err := os.WriteFile(vm.Disk, nil, 0o600); err != nil {
		return 0, err
	}
	if err := os.Truncate(vm.Disk, diskSize); err != nil {
		return 0, err
	}
	program, err := findEmulator(vm.Arch)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stopAfter := func(limit time.Duration) *time.Timer {
		return time.AfterFunc(limit, func() { cancel(limitError{limit}) })
	}
	if vm.Limit > 0 {
		defer stopAfter(vm.Limit).Stop()
	}
	booting := stopAfter(bootLimit)
	defer booting.Stop()
	report := reportPort{started: func() {
		booting.Stop()
		// QEMU has read the one and opened the other: so even if we are killed,
		// no large files stay. Should this fail, they go with the folder.
		_, _ = os.Remove(vm.Initrd), os.Remove(vm.Disk)
	}}
	var said strings.Builder
	cmd := exec.CommandContext(ctx, program, vm.Args()...)
	cmd.Stderr = &said
	err = vm.start(cmd, &report)
	if status, ok := exitStatus(report.String()); ok {
		return status, nil
	}
	return 0, &vmFailure{vm.cause(ctx, report.String(), said.String(), err), consoleTail(vm.Console)}
}

// cause says why there is no status.
func (vm VM) cause(ctx context.Context, report, said string, err error) error {
	during := "while it booted"
	if strings.HasPrefix(report, "started") {
		during = "while the command ran"
	}
	switch console, _ := os.ReadFile(vm.Console); { // no console: nothing in it
	case ctx.Err() != nil:
		return fmt.Errorf("%w, %s", context.Cause(ctx), during)
	case strings.Contains(string(console), panicMark):
		return fmt.Errorf("its kernel panicked %s", during)
	case err != nil:
		return fmt.Errorf("QEMU: %w: %s", err, lastLine(said))
	}
	return fmt.Errorf("it was turned off %s", during)
}

// reportPort receives the guest's report, and tells when it begins.
type reportPort struct {
	strings.Builder
	started func()
}

func (r *reportPort) Write(data []byte) (int, error) {
	r.started()
	return r.Builder.Write(data)
}

// start runs QEMU with its ports connected, and returns when it has ended and
// all that it wrote has been passed on.
func (vm VM) start(cmd *exec.Cmd, report io.Writer) error {
	// On Linux QEMU dies with the thread that started it: stay on one.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dieWithParent(cmd)
	var copies sync.WaitGroup
	defer func() {
		for _, file := range cmd.ExtraFiles {
			file.Close() // QEMU has its own by now; closed here, the copies end with it
		}
		copies.Wait()
	}()
	for _, port := range []io.Writer{report, vm.Stdio.Out, vm.Stdio.Err} {
		read, write, err := os.Pipe()
		if err != nil {
			return err
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, write)
		copies.Go(func() { passOn(port, read) })
	}
	if vm.Terminal {
		ours, theirs, err := socketPair()
		if err != nil {
			return err
		}
		cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
		copies.Go(func() { passOn(vm.Stdio.Out, ours) })
		// Nobody waits for this one: it ends with the next key, or with us.
		go func() { _, _ = io.Copy(ours, vm.Stdio.In) }()
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Wait()
}

// passOn copies from until it ends, and closes it. A reader that went away must
// not stop the VM, which may have more to do than to print.
func passOn(to io.Writer, from io.ReadCloser) {
	defer from.Close()
	if _, err := io.Copy(to, from); err != nil {
		_, _ = io.Copy(io.Discard, from)
	}
}

// socketPair returns two connected sockets (socketpair(2)).
func socketPair() (ours, theirs *os.File, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair for the terminal: %w", err)
	}
	for _, fd := range pair {
		unix.CloseOnExec(fd)
	}
	return os.NewFile(uintptr(pair[0]), "terminal"), os.NewFile(uintptr(pair[1]), "terminal"), nil
}

// exitStatus reads the guest's report: "started", then "exit N" as the last
// line, once all output has been passed on. Anything less is no status.
func exitStatus(report string) (int, bool) {
	number, ok := strings.CutPrefix(report, "started\nexit ")
	if !ok || !strings.HasSuffix(number, "\n") {
		return 0, false
	}
	status, err := strconv.ParseUint(strings.TrimSuffix(number, "\n"), 10, 8)
	if err != nil {
		return 0, false
	}
	return int(status), true
}

// consoleTail is what matters of what the kernel printed to file: the last 30
// lines, or, if it panicked, 30 lines around the first word of that.
func consoleTail(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "" // QEMU did not come so far
	}
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")), "\n")
	first := len(lines) - 30
	panicked := func(line string) bool { return strings.Contains(line, panicMark) }
	if i := slices.IndexFunc(lines, panicked); i >= 0 {
		first = min(first, i-10)
	}
	first = max(0, first)
	return strings.Join(lines[first:min(len(lines), first+30)], "\n")
}
