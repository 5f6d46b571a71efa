package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"

	"golang.org/x/term"
)

const shellUsage = `usage: testvm shell [FLAG…]

Boot a fresh VM and open a shell in it, as root, on this terminal. It ends with
the shell, and the VM and all that was changed in it are thrown away.
`

// greeting is what the shell begins with. Each line can be pasted.
const greeting = `
This is a virtual machine of your own: root may do anything here, and when you
leave (exit, or Ctrl-D) it is gone. Three commands to try:

  stage1 run $ROOTFS /bin/sh
  stage1 run --explain $ROOTFS /bin/true
  stage1 run --namespaces uts,mount $ROOTFS /bin/ps

`

func shellCommand(ctx context.Context, args []string, stdio Stdio) (int, error) {
	flags := flag.NewFlagSet("shell", flag.ContinueOnError)
	var o options
	o.register(flags)
	if err := flags.Set("timeout", "0"); err != nil {
		return 0, err
	}
	flags.Lookup("timeout").DefValue = "0"
	if done, err := parse(flags, args, shellUsage, stdio); done {
		return 0, err
	}
	if flags.NArg() > 0 {
		return 0, fmt.Errorf("shell takes no command, and was given %q: use testvm run", flags.Arg(0))
	}
	terminal := int(stdio.In.Fd())
	if !term.IsTerminal(terminal) {
		return 0, errors.New("shell wants a terminal: use testvm run for a command")
	}
	columns, rows, err := term.GetSize(terminal)
	if err != nil {
		return 0, fmt.Errorf("ask for the terminal's size: %w", err)
	}
	cargo, err := o.cargo(sessionScript(rows, columns, os.Getenv("TERM")))
	if err != nil {
		return 0, err
	}
	cargo.Terminal = true
	// Every key goes to the guest, Ctrl-C too, and its lines end as it says.
	before, err := term.MakeRaw(terminal)
	if err != nil {
		return 0, fmt.Errorf("make the terminal raw: %w", err)
	}
	status, err := o.boot(ctx, cargo, stdio)
	return status, errors.Join(err, term.Restore(terminal, before))
}

// sessionScript sets up the guest's end of the terminal, which knows neither
// its size nor its kind, greets, and becomes the shell.
func sessionScript(rows, columns int, kind string) string {
	return fmt.Sprintf(`stty rows %d cols %d
TERM=%s
test -e "/usr/share/terminfo/${TERM:0:1}/$TERM" -o -e "/lib/terminfo/${TERM:0:1}/$TERM" || TERM=xterm
export TERM
printf %%s %s
exec bash`, rows, columns, shellQuote(kind), shellQuote(greeting))
}
