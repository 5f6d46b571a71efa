// First is a container in one file: clone flags, a chroot, and a /proc.
//
//	sudo first ROOTFS COMMAND [ARG…]
//
// It is where the chapter begins, not where it ends: see what it still lacks.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "first: give a root directory and a command: first ROOTFS COMMAND [ARG…]")
		os.Exit(125)
	}
	var err error
	if os.Args[0] == "inside" {
		err = inside(os.Args[1], os.Args[2:])
	} else {
		err = outside(os.Args[1:])
	}
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		os.Exit(ended.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "first:", err)
		os.Exit(125)
	}
}

// outside starts this program again, in new namespaces, and waits for its end.
func outside(args []string) error {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = "inside"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS,
	}
	return cmd.Run()
}

// inside is process 1 of the new PID namespace. It moves to the root directory and
// becomes the command.
func inside(root string, command []string) error {
	// Keep to ourselves what is mounted from here on. Without this line the mount below
	// may turn up on the host, and stay.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	if err := syscall.Sethostname([]byte("first")); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	if err := syscall.Chroot(root); err != nil {
		return fmt.Errorf("chroot to %s: %w", root, err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, []string{"PATH=" + os.Getenv("PATH"), "HOME=/root"})
}
