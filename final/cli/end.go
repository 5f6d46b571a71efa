package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"drydock/final/attach"
	"drydock/final/container"
	"drydock/final/engine"
	"drydock/final/wire"
	"drydock/internal/record"
)

func stopCommand(c *call) *cobra.Command {
	var signal string
	var seconds int
	cmd := &cobra.Command{
		Use: "stop [OPTIONS] CONTAINER [CONTAINER...]", Short: "Stop one or more running containers", Args: atLeast(1),
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return c.each(args, func(e *engine.Engine, r record.Record) error {
			return stop(e, r, request(cmd, wire.Stop, signal, seconds))
		})
	}
	stopFlags(cmd, &signal, &seconds)
	return cmd
}

func stopFlags(cmd *cobra.Command, signal *string, seconds *int) {
	cmd.Flags().StringVarP(signal, "signal", "s", "", "ask by this `SIGNAL` (SIGTERM, or what the container was made with)")
	cmd.Flags().IntVarP(seconds, "timeout", "t", 0, "kill it when it has not ended `SECONDS` later (10)")
	cmd.Flags().IntVar(seconds, "time", 0, "the same, as `SECONDS` were given once")
}

// request is one to stop, as the flags say.
func request(cmd *cobra.Command, verb, signal string, seconds int) wire.Request {
	r := wire.Request{Verb: verb, Signal: signal}
	if cmd.Flags().Changed("timeout") || cmd.Flags().Changed("time") {
		r.Seconds = &seconds
	}
	return r
}

// stop stops a container. One that does not run is fine.
func stop(e *engine.Engine, r record.Record, how wire.Request) error {
	if how.Signal != "" {
		if _, err := container.Signal(how.Signal); err != nil {
			return fmt.Errorf("cannot stop container: %s: %w", r.Name, err)
		}
	}
	_, err := e.Order(r, how)
	if errors.As(err, new(engine.NotRunning)) {
		return nil
	}
	return err
}

func restartCommand(c *call) *cobra.Command {
	var signal string
	var seconds int
	cmd := &cobra.Command{
		Use: "restart [OPTIONS] CONTAINER [CONTAINER...]", Short: "Restart one or more containers", Args: atLeast(1),
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return c.each(args, func(e *engine.Engine, r record.Record) error {
			how := request(cmd, wire.Stop, signal, seconds)
			how.Again = true
			if err := stop(e, r, how); err != nil {
				return err
			}
			err := c.startDetached(e, r)
			if err == nil {
				e.TellContainer("restart", r)
			}
			return err
		})
	}
	stopFlags(cmd, &signal, &seconds)
	return cmd
}

// startDetached starts a container and leaves it to itself.
func (c *call) startDetached(e *engine.Engine, r record.Record) error {
	conn, err := e.Supervise(r)
	if err != nil {
		return err
	}
	return attach.Start(conn, c.note)
}

func killCommand(c *call) *cobra.Command {
	var signal string
	cmd := &cobra.Command{
		Use: "kill [OPTIONS] CONTAINER [CONTAINER...]", Short: "Kill one or more running containers", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var failed []error
			for _, ref := range args {
				err := c.each([]string{ref}, func(e *engine.Engine, r record.Record) error {
					_, err := e.Order(r, wire.Request{Verb: wire.Kill, Signal: cmp.Or(signal, "SIGKILL")})
					return err
				})
				if err != nil {
					err = fmt.Errorf("cannot kill container: %s: %w", ref, err)
				}
				failed = append(failed, err)
			}
			return errors.Join(failed...)
		},
	}
	cmd.Flags().StringVarP(&signal, "signal", "s", "SIGKILL", "send this `SIGNAL`")
	return cmd
}

func pauseCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "pause CONTAINER [CONTAINER...]", Short: "Pause all processes within one or more containers", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.each(args, (*engine.Engine).Pause) },
	}
}

func unpauseCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "unpause CONTAINER [CONTAINER...]", Short: "Unpause all processes within one or more containers", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.each(args, (*engine.Engine).Unpause) },
	}
}

func waitCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "wait CONTAINER [CONTAINER...]", Short: "Block until one or more containers stop, then print their exit codes", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			var failed []error
			for _, ref := range args {
				code, err := c.wait(ref)
				if err == nil {
					fmt.Fprintln(c.stdout, strconv.Itoa(code))
				}
				failed = append(failed, err)
			}
			return errors.Join(failed...)
		},
	}
}

// wait waits for a container's end, and returns its exit code: that of the last time if it does not run.
func (c *call) wait(ref string) (code int, err error) {
	e, r, err := c.find(ref)
	if err != nil {
		return 0, err
	}
	reply, err := e.Order(r, wire.Request{Verb: wire.Wait})
	if errors.As(err, new(engine.NotRunning)) {
		if _, r, err = c.find(ref); err != nil {
			return 0, err
		}
		return r.ExitCode, nil
	}
	return reply.Code, err
}

func rmCommand(c *call) *cobra.Command {
	var how engine.Removal
	cmd := &cobra.Command{
		Use: "rm [OPTIONS] CONTAINER [CONTAINER...]", Short: "Remove one or more containers", Args: atLeast(1), Aliases: []string{"remove"},
		RunE: func(_ *cobra.Command, args []string) error {
			var failed []error
			for _, ref := range args {
				err := c.each([]string{ref}, func(e *engine.Engine, r record.Record) error { return e.Remove(r, how) })
				if errors.As(err, new(record.NotFound)) && how.Force { // that it is gone is what was wanted
					fmt.Fprintln(c.stderr, "drydock:", err)
					err = nil
				}
				failed = append(failed, err)
			}
			return errors.Join(failed...)
		},
	}
	cmd.Flags().BoolVarP(&how.Force, "force", "f", false, "kill one that runs first")
	cmd.Flags().BoolVarP(&how.Volumes, "volumes", "v", false, "and its anonymous volumes with it")
	return cmd
}

func renameCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "rename CONTAINER NEW_NAME", Short: "Rename a container", Args: exactly(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == "" || args[1] == "" {
				return errors.New("Neither old nor new names may be empty") //nolint:staticcheck // Docker's words
			}
			e, r, err := c.find(args[0])
			switch {
			case err != nil:
			case r.Name == args[1]:
				err = errors.New("Renaming a container with the same name as its current name") //nolint:staticcheck // the same
			default:
				err = e.Rename(r, args[1])
			}
			if err != nil {
				err = errors.Join(err, fmt.Errorf("failed to rename container named %s", args[0]))
			}
			return err
		},
	}
}
