package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestArgs(t *testing.T) {
	machine := Machine{
		Arch: "amd64", Accelerator: "tcg", CPUs: 2, MemoryMiB: 2048,
		Kernel: "K", Initrd: "I", Disk: "D", Console: "C",
	}
	want := `-nodefaults -no-user-config -display none -no-reboot
-machine q35,smm=off,usb=off,sata=off,smbus=off -cpu max,-cx16 -accel tcg,thread=multi
-smp 2 -m 2048 -kernel K -initrd I
-append console=ttyS0 quiet panic=-1 reboot=t oops=panic tsc=reliable mitigations=off
-chardev file,id=console,path=C -serial chardev:console
-drive if=none,id=disk,format=raw,cache=unsafe,file=D -device virtio-blk-pci,drive=disk
-device virtio-serial-pci
-add-fd fd=3,set=3 -chardev file,id=port1,append=on,path=/dev/fdset/3 -device virtserialport,nr=1,chardev=port1
-add-fd fd=4,set=4 -chardev file,id=port2,append=on,path=/dev/fdset/4 -device virtserialport,nr=2,chardev=port2
-add-fd fd=5,set=5 -chardev file,id=port3,append=on,path=/dev/fdset/5 -device virtserialport,nr=3,chardev=port3`
	got := strings.Join(machine.Args(), " ")
	if diff := cmp.Diff(strings.ReplaceAll(want, "\n", " "), got); diff != "" {
		t.Errorf("command line (-want +got):\n%s", diff)
	}
}

func TestArgsOfATerminal(t *testing.T) {
	args := Machine{Arch: "amd64", Accelerator: "tcg", Terminal: true}.Args()
	want := []string{"-chardev", "socket,id=terminal,fd=6", "-device", "virtconsole,nr=0,chardev=terminal"}
	if got := args[len(args)-len(want):]; !slices.Equal(got, want) {
		t.Errorf("the command line ends with %q, want %q", got, want)
	}
}

func TestBoard(t *testing.T) {
	for _, test := range []struct{ arch, accelerator, machine, cpu, console string }{
		{"amd64", "kvm", "q35,smm=off,usb=off,sata=off,smbus=off", "host", "ttyS0"},
		{"arm64", "tcg", "virt", "max,pauth-impdef=on", "ttyAMA0"},
		{"arm64", "kvm", "virt,gic-version=host", "host", "ttyAMA0"},
		{"arm64", "hvf", "virt", "host", "ttyAMA0"},
	} {
		machine, cpu, console := Machine{Arch: test.arch, Accelerator: test.accelerator}.board()
		got := [3]string{machine, cpu, console}
		if want := [3]string{test.machine, test.cpu, test.console}; got != want {
			t.Errorf("%s on %s: got %q, want %q", test.arch, test.accelerator, got, want)
		}
	}
}

func TestAcceleratorCandidate(t *testing.T) {
	yes := func(string) bool { return true }
	no := func(string) bool { return false }
	for _, test := range []struct {
		system, machine, guest string
		readable               func(string) bool
		want                   string
	}{
		{"linux", "amd64", "amd64", yes, "kvm"},
		{"linux", "amd64", "amd64", no, ""},
		{"linux", "amd64", "arm64", yes, ""},
		{"darwin", "arm64", "arm64", no, "hvf"},
		{"darwin", "arm64", "amd64", no, ""},
		{"freebsd", "amd64", "amd64", yes, ""},
	} {
		if got := candidate(test.system, test.machine, test.guest, test.readable); got != test.want {
			t.Errorf("%s/%s running %s: got %q, want %q", test.system, test.machine, test.guest, got, test.want)
		}
	}
}
