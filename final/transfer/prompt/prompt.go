// Package prompt asks whoever is at the terminal.
//
// The problem: who types a password does not want to see it on the screen. It is the terminal
// itself that shows what is typed, before any program has read it.
//
// The mechanism: its settings say whether it does, and can be changed meanwhile:
//
//	stty -echo; read -r password; stty echo
//
// To read: termios(3), ECHO; TCGETS in ioctl_tty(2).
package prompt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// IsTerminal tells whether there is somebody at the other end of a stream.
func IsTerminal(stream any) bool {
	file, isFile := stream.(*os.File)
	if !isFile {
		return false
	}
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// Login asks for what is missing of a user and a password. Lines come from in, which reads from
// the terminal, and may end before there is one: then the terminal is as it was before too.
func Login(terminal *os.File, in io.Reader, out io.Writer, user, password *string) error {
	lines := bufio.NewReader(in)
	if *user == "" {
		if err := ask(lines, out, "Username: ", user); err != nil {
			return err
		}
	}
	if *password == "" {
		err := silently(terminal, func() error { return ask(lines, out, "Password: ", password) })
		if err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	switch {
	case *user == "":
		return errors.New("username is required")
	case *password == "":
		return errors.New("password is required")
	}
	return nil
}

func ask(lines *bufio.Reader, out io.Writer, question string, answer *string) error {
	fmt.Fprint(out, question)
	line, err := lines.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	*answer = strings.TrimRight(line, "\r\n")
	return nil
}

// silently does something while the terminal does not show what is typed.
func silently(terminal *os.File, do func() error) (err error) {
	before, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	silent := *before
	silent.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, &silent); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, before)) }()
	return do()
}
