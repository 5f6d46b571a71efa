package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
)

const rootfsUsage = `usage: testvm rootfs DIR

Make DIR a root filesystem to run containers on: one static busybox, a link for
each of its commands, and the few files that programs expect. The busybox is
$BUSYBOX, or else the host's (Debian's package busybox-static).
`

func rootfsCommand(args []string, stdio Stdio) (int, error) {
	flags := flag.NewFlagSet("rootfs", flag.ContinueOnError)
	if done, err := parse(flags, args, rootfsUsage, stdio); done {
		return 0, err
	}
	if flags.NArg() != 1 {
		return 0, errors.New("rootfs wants one folder: testvm rootfs DIR")
	}
	program, err := hostBusybox()
	if err != nil {
		return 0, err
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return 0, err
	}
	root, err := busyboxRoot(data)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", program, err)
	}
	return 0, root.unpack(flags.Arg(0))
}

func hostBusybox() (string, error) {
	if program := os.Getenv("BUSYBOX"); program != "" {
		return program, nil
	}
	program, err := exec.LookPath("busybox")
	if err != nil {
		return "", fmt.Errorf("%w: install the package busybox-static, or set BUSYBOX=FILE", err)
	}
	return program, nil
}

// busyboxRoot is a whole root filesystem around one static busybox.
func busyboxRoot(busybox []byte) (Tree, error) {
	if err := checkStatic(busybox); err != nil {
		return nil, err
	}
	applets, err := appletNames(busybox)
	if err != nil {
		return nil, err
	}
	root := Tree{}
	for _, folder := range []string{"dev", "etc", "home", "proc", "sys", "var", "usr/bin"} {
		root.putFolder(folder, 0o755)
	}
	root.putFolder("root", 0o700)
	root.putFolder("tmp", 0o777|os.ModeSticky)
	root.putFile("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n")
	root.putFile("etc/group", 0o644, "root:x:0:\nnogroup:x:65534:\n")
	root.Put("bin/busybox", File{Mode: 0o755, Data: busybox})
	for _, name := range applets {
		if name != "busybox" {
			root.putLink("bin/"+name, "busybox")
		}
	}
	return root, nil
}

// checkStatic refuses a program that asks for a dynamic linker: in a root of
// its own it would find none.
func checkStatic(program []byte) error {
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("read it as a program: %w", err)
	}
	if slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errors.New("it is dynamically linked: use the one of the package busybox-static")
	}
	return nil
}

// appletNames reads the names of busybox's commands from the table in its
// data: sorted, each ended by a NUL, beginning with "[" and "[[". Asking it
// (busybox --list) would not do for one of another architecture.
func appletNames(busybox []byte) ([]string, error) {
	_, table, ok := bytes.Cut(busybox, []byte("[\x00[[\x00"))
	if !ok {
		return nil, errors.New("it has no table of commands: is it a busybox?")
	}
	table, _, _ = bytes.Cut(table, []byte("\x00\x00"))
	names := []string{"[", "[["}
	for name := range bytes.SplitSeq(table, []byte{0}) {
		names = append(names, string(name))
	}
	if !slices.Contains(names, "sh") {
		return nil, errors.New("its table of commands has no sh")
	}
	return names, nil
}
