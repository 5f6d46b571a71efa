package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/attach"
	"drydock/final/container"
	"drydock/final/engine"
	"drydock/internal/record"
)

func startCommand(c *call) *cobra.Command {
	var attached, interactive bool
	var keys string
	cmd := &cobra.Command{
		Use: "start [OPTIONS] CONTAINER [CONTAINER...]", Short: "Start one or more stopped containers", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !attached && !interactive {
				return c.startAll(args)
			}
			if len(args) > 1 {
				return errors.New("you cannot start and attach multiple containers at once")
			}
			return c.startAttached(args[0], interactive, keys)
		},
	}
	cmd.Flags().BoolVarP(&attached, "attach", "a", false, "be attached to its output, and pass signals on")
	cmd.Flags().BoolVarP(&interactive, "interactive", "i", false, "and to its input")
	cmd.Flags().StringVar(&keys, "detach-keys", "", "the `KEYS` that leave it to itself (ctrl-p,ctrl-q)")
	return cmd
}

// startAll starts containers, and says in the end which it could not.
func (c *call) startAll(refs []string) error {
	var failed []string
	err := c.each(refs, func(e *engine.Engine, r record.Record) error { return c.startOne(e, r) })
	if err == nil {
		return nil
	}
	for _, ref := range refs {
		if _, r, unknown := c.find(ref); unknown != nil || !r.IsRunning() {
			failed = append(failed, ref)
		}
	}
	return errors.Join(err, fmt.Errorf("failed to start containers: %s", strings.Join(failed, ", ")))
}

// startOne starts a container. One that runs is fine.
func (c *call) startOne(e *engine.Engine, r record.Record) error {
	known, err := e.Describe(r)
	if err != nil {
		return err
	}
	switch known.Status {
	case "running", "restarting":
		return nil
	case "paused":
		return errors.New("cannot start a paused container, try unpause instead")
	}
	return c.startDetached(e, r)
}

func (c *call) startAttached(ref string, interactive bool, keys string) error {
	e, r, err := c.find(ref)
	if err != nil {
		return err
	}
	config, err := container.Of(r)
	if err != nil {
		return err
	}
	o := attach.Options{Stdout: c.stdout, Stderr: c.stderr, TTY: config.TTY, DetachKeys: keys, Signals: true, Note: c.note}
	if interactive && config.Interactive {
		o.Stdin = c.stdin
	}
	err = c.begin(e, r, config, o, false)
	if f, failed := errors.AsType[failure](err); failed {
		return f.err // with the exit code of start
	}
	return err
}

func attachCommand(c *call) *cobra.Command {
	var noStdin bool
	var proxy bool
	var keys string
	cmd := &cobra.Command{
		Use: "attach [OPTIONS] CONTAINER", Short: "Attach local standard input, output, and error streams to a running container", Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.attach(args[0], noStdin, proxy, keys) },
	}
	cmd.Flags().BoolVar(&noStdin, "no-stdin", false, "pass no input on")
	cmd.Flags().BoolVar(&proxy, "sig-proxy", true, "pass the signals that we get on to it")
	cmd.Flags().StringVar(&keys, "detach-keys", "", "the `KEYS` that leave it to itself (ctrl-p,ctrl-q)")
	return cmd
}

func (c *call) attach(ref string, noStdin, proxy bool, keys string) error {
	e, r, err := c.find(ref)
	if err != nil {
		return err
	}
	known, err := e.Describe(r)
	if err != nil {
		return err
	}
	config := known.Config
	switch known.Status {
	case "running":
	case "paused":
		return errors.New("You cannot attach to a paused container, unpause it first") //nolint:staticcheck // Docker's words
	case "restarting":
		return errors.New("You cannot attach to a restarting container, wait until it is running") //nolint:staticcheck // Docker's words
	default:
		return errors.New("You cannot attach to a stopped container, start it first") //nolint:staticcheck // Docker's words
	}
	if config.TTY && config.Interactive && !noStdin && !isTerminal(c.stdin) {
		return errors.New("the input device is not a TTY")
	}
	conn, err := e.Reach(r)
	if err != nil {
		return err
	}
	o := attach.Options{Stdout: c.stdout, Stderr: c.stderr, TTY: config.TTY, DetachKeys: keys, Signals: proxy, Note: c.note}
	if config.Interactive && !noStdin {
		o.Stdin = c.stdin
	}
	end, err := attach.Run(conn, o)
	switch {
	case errors.Is(err, attach.ErrLost):
		return failure{137, err, ""}
	case err != nil:
		return err
	case end.Detached:
		fmt.Fprintln(c.stderr, "read escape sequence")
		return nil
	case end.Code != 0:
		return status(end.Code)
	}
	return nil
}
