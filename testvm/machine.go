package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// Machine describes a virtual machine; Args turns it into QEMU's words.
type Machine struct {
	Arch        string // amd64 or arm64
	Accelerator string // kvm, hvf or tcg
	CPUs        int
	MemoryMiB   int
	Kernel      string // files
	Initrd      string
	Disk        string // raw
	Console     string // what the kernel prints goes here
	Terminal    bool   // the guest has a /dev/hvc0 connected to terminalFD
}

// The file descriptors that QEMU inherits: three pipes that serial ports of the
// guest write to (a word when the command starts and its status when it has
// ended, its stdout, its stderr), and a socket for its terminal.
const (
	reportFD = 3 + iota
	stdoutFD
	stderrFD
	terminalFD
)

// emulator names QEMU's program for arch, and what to install for it.
func emulator(arch string) (program, remedy string) {
	if arch == "arm64" {
		return "qemu-system-aarch64", "install QEMU (Debian: qemu-system-arm, Homebrew: qemu)"
	}
	return "qemu-system-x86_64", "install QEMU (Debian: qemu-system-x86, Homebrew: qemu)"
}

func findEmulator(arch string) (string, error) {
	program, remedy := emulator(arch)
	file, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s is not there: %s", program, remedy)
	}
	return file, nil
}

// Args is QEMU's command line (qemu(1)), without the program.
func (m Machine) Args() []string {
	machine, cpu, console := m.board()
	args := []string{
		"-nodefaults", "-no-user-config", "-display", "none",
		"-no-reboot", // a reboot, the guest's way out, ends QEMU
		"-machine", machine, "-cpu", cpu, "-accel", accelerator(m.Accelerator),
		"-smp", strconv.Itoa(m.CPUs), "-m", strconv.Itoa(m.MemoryMiB),
		"-kernel", m.Kernel, "-initrd", m.Initrd,
		"-append", kernelOptions(console),
		"-chardev", "file,id=console,path=" + m.Console, "-serial", "chardev:console",
		"-drive", "if=none,id=disk,format=raw,cache=unsafe,file=" + m.Disk, "-device", "virtio-blk-pci,drive=disk",
		"-device", "virtio-serial-pci",
	}
	for i, fd := range []int{reportFD, stdoutFD, stderrFD} {
		args = append(args,
			"-add-fd", fmt.Sprintf("fd=%d,set=%d", fd, fd),
			"-chardev", fmt.Sprintf("file,id=port%d,append=on,path=/dev/fdset/%d", i+1, fd),
			"-device", fmt.Sprintf("virtserialport,nr=%d,chardev=port%d", i+1, i+1))
	}
	if m.Terminal {
		args = append(args,
			"-chardev", fmt.Sprintf("socket,id=terminal,fd=%d", terminalFD),
			"-device", "virtconsole,nr=0,chardev=terminal")
	}
	return args
}

// board returns the machine, its processor, and the kernel's name for its
// serial port.
//
// On amd64 it is q35 with as little on it as can be. QEMU's microvm boots no
// faster, and has no HPET: without one the kernel measures its clock against
// the PIT, and on a busy machine, emulated, fails and then waits for ever.
func (m Machine) board() (machine, cpu, console string) {
	if m.Arch == "arm64" {
		// Pointer authentication as the architecture has it is slow to emulate.
		machine, cpu, console = "virt", "max,pauth-impdef=on", "ttyAMA0"
		if m.Accelerator == "kvm" {
			machine = "virt,gic-version=host"
		}
	} else {
		// Emulated cmpxchg16b makes Linux 6.12 double-fault now and then.
		machine, cpu, console = "q35,smm=off,usb=off,sata=off,smbus=off", "max,-cx16", "ttyS0"
	}
	if m.Accelerator != "tcg" {
		cpu = "host"
	}
	return machine, cpu, console
}

// kernelOptions are what the kernel is told (bootparam(7)).
func kernelOptions(console string) string {
	return strings.Join([]string{
		"console=" + console, "quiet",
		"panic=-1",     // after a panic reboot at once, which ends QEMU
		"reboot=t",     // by the shortest way
		"oops=panic",   // a kernel that has stumbled proves nothing more
		"tsc=reliable", // emulated processors share a clock, even if they seem to differ
		"mitigations=off",
	}, " ")
}

func accelerator(name string) string {
	if name == "tcg" {
		return "tcg,thread=multi"
	}
	return name
}
