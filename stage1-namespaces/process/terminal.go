package process

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// lendTerminal has cmd's process be the foreground of the terminal that it gets as its
// standard input, in a process group of its own. So Ctrl-C reaches the container once,
// from the terminal, and not a second time from us. The returned function takes the
// terminal back for whoever called us. Without a terminal, or in the background, both
// do nothing. credentials(7), tcsetpgrp(3).
func lendTerminal(cmd *exec.Cmd) (takeBack func()) {
	input, isFile := cmd.Stdin.(*os.File)
	if !isFile {
		return func() {}
	}
	terminal := int(input.Fd())
	foreground, err := unix.IoctlGetInt(terminal, unix.TIOCGPGRP)
	if err != nil || foreground != unix.Getpgrp() {
		return func() {}
	}
	cmd.SysProcAttr.Foreground = true
	cmd.SysProcAttr.Ctty = terminal
	return func() {
		// We are in the background now, where changing that is answered by SIGTTOU.
		signal.Ignore(syscall.SIGTTOU)
		defer signal.Reset(syscall.SIGTTOU)
		// An error means that the terminal is gone, and with it the question.
		_ = unix.IoctlSetPointerInt(terminal, unix.TIOCSPGRP, foreground)
	}
}
