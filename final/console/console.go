// Package console gives a program a terminal of the container's own.
//
// The problem: a shell wants a terminal, with lines to edit, Ctrl-C and a size. That of the host is the host's, and by it
// a program could type at whoever sits there.
//
// The kernel feature: a pseudo-terminal is a pair of devices. What is written to one end comes out at the other, and in between is
// what makes a terminal of it. The program has the one end as its standard files; whoever shows it to somebody has the other. Each
// devpts file system has terminals of its own, numbered from 0: so the pair is made in the container's /dev/pts, and /dev/pts/0
// is a file that the program can open. The other end travels to the supervisor through a socket (SCM_RIGHTS).
//
// In a shell: script -qc "$SHELL" /dev/null; tty.
//
// To read: pty(7), ioctl_tty(2), devpts in Documentation/filesystems/devpts.rst, unix(7) on SCM_RIGHTS.
package console

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"drydock/internal/kernel"
)

// Open makes a pair in /dev/pts of the caller's root, which is a container's: program is the end for the program, master the other.
// Whoever has been in there before may have put anything in the place of the device: only the real one will do.
func Open() (master, program *os.File, err error) {
	fd, err := unix.Open("/dev/pts/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open /dev/pts/ptmx of the container: %w", err)
	}
	master = os.NewFile(uintptr(fd), "terminal")
	if program, err = other(fd); err != nil {
		return nil, nil, errors.Join(err, master.Close())
	}
	return master, program, nil
}

// other opens the program's end of a pair: by the master, without a path that could lead elsewhere. Linux 4.13.
func other(master int) (*os.File, error) {
	var device unix.Stat_t
	if err := unix.Fstat(master, &device); err != nil {
		return nil, err
	}
	if device.Mode&unix.S_IFMT != unix.S_IFCHR || device.Rdev != unix.Mkdev(5, 2) {
		return nil, errors.New("/dev/pts/ptmx of the container is not the device of that name")
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return nil, fmt.Errorf("unlock the terminal: %w", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return nil, fmt.Errorf("open the program's end of the terminal: %w", errno)
	}
	return os.NewFile(fd, "terminal"), nil
}

// Resize says how many rows and columns there are to see. A program in the foreground gets SIGWINCH.
func Resize(master *os.File, size [2]uint) error {
	window := unix.Winsize{Row: uint16(size[0]), Col: uint16(size[1])} //nolint:gosec // as many as the kernel knows
	raw, err := master.SyscallConn()
	if err != nil {
		return err
	}
	// By the descriptor's own rules: what Fd returns would block whoever reads from now on.
	failed := raw.Control(func(fd uintptr) { err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &window) })
	if err := errors.Join(failed, err); err != nil {
		return fmt.Errorf("resize the terminal: %w", err)
	}
	return nil
}

// Take is init's: it makes a pair, sends the master to whoever has the other end of a socket, and makes the program's end the
// terminal of this process and its standard files; and /dev/console the same.
func Take(socket int, size [2]uint) error {
	master, program, err := Open()
	if err != nil {
		return err
	}
	defer master.Close()
	defer program.Close()
	if size[0] != 0 {
		if err := Resize(master, size); err != nil {
			return err
		}
	}
	if err := bindConsole(program); err != nil {
		return err
	}
	if err := unix.Sendmsg(socket, []byte{0}, unix.UnixRights(int(master.Fd())), nil, 0); err != nil {
		return fmt.Errorf("send the terminal to the supervisor: %w", err)
	}
	if _, err := unix.Setsid(); err != nil {
		return fmt.Errorf("begin a session: %w", err)
	}
	if err := unix.IoctlSetInt(int(program.Fd()), unix.TIOCSCTTY, 0); err != nil {
		return fmt.Errorf("have the terminal be this session's: %w", err)
	}
	for standard := range 3 {
		if err := unix.Dup3(int(program.Fd()), standard, 0); err != nil {
			return fmt.Errorf("have the terminal be descriptor %d: %w", standard, err)
		}
	}
	return nil
}

// bindConsole has /dev/console be the terminal: programs write there what an operator should see.
func bindConsole(program *os.File) error {
	if err := kernel.Mknod("a file to bind the terminal on", "/dev/console", unix.S_IFREG|0o600, 0); err != nil {
		return err
	}
	return kernel.Mount("the console is this terminal", fmt.Sprintf("/proc/self/fd/%d", program.Fd()), "/dev/console", "", unix.MS_BIND, "")
}

// Receive is the other half of Take: it returns the master that has come through a socket. It is read without blocking.
func Receive(socket int) (*os.File, error) {
	one, rights := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, one, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("receive the terminal: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return nil, errors.New("no terminal has come from init")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, errors.New("no terminal has come from init")
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fds[0]), "terminal"), nil
}
