package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"drydock/final/container"
	"drydock/final/engine"
	"drydock/stage1-namespaces/process"
)

// An entering is how exec runs a program.
type entering struct {
	engine.Entry
	interactive, detach bool
	tells               bool
	env, envFiles       []string
	detachKeys          string
}

func execCommand(c *call) *cobra.Command {
	var n entering
	cmd := &cobra.Command{
		Use: "exec [OPTIONS] CONTAINER COMMAND [ARG...]", Short: "Execute a command in a running container", Args: atLeast(2),
		RunE: func(_ *cobra.Command, args []string) error { return n.run(c, args[0], args[1:]) },
	}
	set := cmd.Flags()
	set.SetInterspersed(false)
	set.BoolVarP(&n.detach, "detach", "d", false, "leave it to itself")
	set.StringVar(&n.detachKeys, "detach-keys", "", "the `KEYS` that leave it to itself (ctrl-p,ctrl-q)")
	set.StringArrayVarP(&n.env, "env", "e", nil, "set `NAME=VALUE`, or NAME as it is here")
	set.StringArrayVar(&n.envFiles, "env-file", nil, "set the variables that are in `FILE`, a line each")
	set.BoolVarP(&n.interactive, "interactive", "i", false, "keep standard input open")
	set.BoolVarP(&n.TTY, "tty", "t", false, "a terminal of its own")
	set.BoolVar(&n.tells, "tells", false, "say on stderr that the program runs")
	set.Lookup("tells").Hidden = true // for exec -d: see execDetached
	set.StringVarP(&n.User, "user", "u", "", "run as this `USER[:GROUP]`")
	set.StringVarP(&n.Dir, "workdir", "w", "", "working `DIR` inside the container")
	return cmd
}

func (n *entering) run(c *call, ref string, args []string) (err error) {
	if n.TTY && n.interactive && !n.detach && !isTerminal(c.stdin) {
		return failure{1, errors.New("the input device is not a TTY"), ""}
	}
	if n.Dir != "" && !filepath.IsAbs(n.Dir) {
		return failure{128, errors.New("OCI runtime exec failed: exec failed: Cwd must be an absolute path"), ""}
	}
	e, r, err := c.find(ref)
	if err != nil {
		return err
	}
	n.Args = args
	if n.Env, err = container.Variables(n.envFiles, n.env); err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	n.Stdin, n.Stdout, n.Stderr = null, null, null
	if n.tells {
		n.Started = func() { sayStarted(null) }
	} else if !n.detach {
		n.Stdout, n.Stderr = orFile(c.stdout, null), orFile(c.stderr, null)
		if n.interactive {
			n.Stdin = orFile(c.stdin, null)
		}
	}
	if n.detach {
		return c.execDetached(e, r.ID, n)
	}
	if n.TTY {
		return n.onTerminal(c, e, r)
	}
	return outcome(e.Exec(r, n.Entry))
}

// outcome is how the command ends when its program has.
func outcome(code int, err error) error {
	switch {
	case err != nil && process.ExitCode(err) != 125:
		return failure{process.ExitCode(err), fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: %w", err), ""}
	case err != nil:
		return err
	case code != 0:
		return status(code)
	}
	return nil
}

func orFile(stream any, otherwise *os.File) *os.File {
	if file, isFile := stream.(*os.File); isFile {
		return file
	}
	return otherwise
}
