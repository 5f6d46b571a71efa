package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/attach"
	"drydock/final/container"
	"drydock/final/engine"
	"drydock/final/hello"
	"drydock/final/images/catalog"
	"drydock/internal/flags"
	"drydock/internal/record"
)

// A start is how run and create make a container, and how run is then attached to it.
type start struct {
	given      *container.Given
	detach     bool
	attach     []string
	detachKeys string
	sigProxy   bool
	pull       string
	platform   string
	quiet      bool
}

func runCommand(c *call) *cobra.Command {
	s := start{given: container.New(), sigProxy: true, pull: "missing"}
	cmd := &cobra.Command{
		Use: "run [OPTIONS] IMAGE [COMMAND] [ARG...]", Short: "Create and run a new container from an image", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error { return s.run(c, args) },
	}
	s.flags(cmd)
	cmd.Flags().BoolVarP(&s.detach, "detach", "d", false, "leave it to itself, and print its id")
	cmd.Flags().StringVar(&s.detachKeys, "detach-keys", "", "the `KEYS` that leave it to itself (ctrl-p,ctrl-q)")
	cmd.Flags().BoolVar(&s.sigProxy, "sig-proxy", true, "pass the signals that we get on to it")
	return cmd
}

func createCommand(c *call) *cobra.Command {
	s := start{given: container.New(), pull: "missing"}
	cmd := &cobra.Command{
		Use: "create [OPTIONS] IMAGE [COMMAND] [ARG...]", Short: "Create a new container", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := s.make(c, args)
			if err == nil {
				fmt.Fprintln(c.stdout, r.ID)
			}
			return err
		},
	}
	s.flags(cmd)
	return cmd
}

func (s *start) flags(cmd *cobra.Command) {
	set := cmd.Flags()
	set.SetInterspersed(false)            // what stands behind the image is the container's
	set.Bool("help", false, "print this") // -h is --hostname
	flags.Add(set, container.Flags(s.given))
	flags.Add(set, []flags.Flag{{Name: "attach", Short: "a", Value: stream(s.addStream), Usage: "be attached to its `STREAM`: stdin, stdout or stderr"}})
	set.StringVar(&s.pull, "pull", "missing", "`WHEN` to pull the image: always, missing or never")
	set.StringVar(&s.platform, "platform", "", "take the image for this `PLATFORM`, such as linux/arm64")
	set.BoolVarP(&s.quiet, "quiet", "q", false, "do not show how pulling goes")
}

// create makes the container, of an image that is pulled if it has to be.
func (s *start) create(c *call, args []string) (record.Record, error) {
	r, err := s.make(c, args)
	if errors.As(err, new(status)) {
		return r, status(125) // the helper has said why
	}
	if err != nil {
		err = failure{125, err, "Run 'drydock run --help' for more information"}
	}
	return r, err
}

func (s *start) make(c *call, args []string) (r record.Record, err error) {
	if !slices.Contains([]string{"always", "missing", "never"}, s.pull) {
		return r, fmt.Errorf("invalid pull option: '%s': must be one of \"always\", \"missing\" or \"never\"", s.pull)
	}
	config, err := s.given.Complete(args[0], args[1:])
	if err != nil {
		return r, err
	}
	config.Attached = s.streams(config)
	config.Platform = s.platform
	if config.Network() == "host" && len(config.Publish.Publish) > 0 {
		c.warn("WARNING: Published ports are discarded when using host network mode")
	}
	if size, ok := attach.Size(c.stdout); ok && config.TTY {
		config.Size = size
	}
	if s.pull == "always" && !config.Rootfs {
		if err := c.pull(config.Image, s.platform, s.quiet); err != nil {
			return r, err
		}
	}
	e, err := c.engine()
	if err != nil {
		return r, err
	}
	id, err := e.Create(config)
	if errors.As(err, new(catalog.NotFound)) && familiar(config.Image) == hello.Name {
		if err = hello.Add(e.Images); err == nil { // there is no need to pull what we have in us
			id, err = e.Create(config)
		}
	}
	if errors.As(err, new(catalog.NotFound)) && s.pull == "missing" {
		fmt.Fprintf(c.stderr, "Unable to find image '%s' locally\n", familiar(config.Image))
		if err = c.pull(config.Image, s.platform, s.quiet); err == nil {
			id, err = e.Create(config)
		}
	}
	if err != nil {
		return r, err
	}
	return e.Containers.Read(id)
}

// A stream is a flag.Value that a function reads.
type stream func(text string) error

// String is part of flag.Value.
func (stream) String() string { return "" }

// Set is part of flag.Value.
func (s stream) Set(text string) error { return s(text) }

func (s *start) addStream(text string) error {
	stream := strings.ToLower(text)
	if !slices.Contains([]string{"stdin", "stdout", "stderr"}, stream) {
		return errors.New("valid streams are STDIN, STDOUT and STDERR")
	}
	s.attach = append(s.attach, stream)
	return nil
}

// streams are those that run is to be attached to: those of -a, or without -d all, and input only with -i.
func (s *start) streams(config container.Config) []string {
	switch {
	case s.detach:
		return nil
	case len(s.attach) > 0:
		return s.attach
	case config.Interactive:
		return []string{"stdin", "stdout", "stderr"}
	}
	return []string{"stdout", "stderr"}
}

// run creates a container, starts it, and unless it is to be left to itself, stays attached to its end.
func (s *start) run(c *call, args []string) error {
	if s.given.TTY && s.given.Interactive && !s.detach && !isTerminal(c.stdin) {
		return failure{1, errors.New("the input device is not a TTY"), ""}
	}
	if s.detach && len(s.attach) > 0 {
		return errors.New("conflicting options: cannot specify both --attach and --detach")
	}
	r, err := s.create(c, args)
	if err != nil {
		return err
	}
	e, err := c.engine()
	if err != nil {
		return err
	}
	config, err := container.Of(r)
	if err != nil {
		return err
	}
	if s.detach {
		fmt.Fprintln(c.stdout, r.ID)
	}
	return c.begin(e, r, config, s.attachment(c, config), s.detach)
}

// attachment is how run is attached.
func (s *start) attachment(c *call, config container.Config) attach.Options {
	o := attach.Options{TTY: config.TTY, DetachKeys: s.detachKeys, Signals: s.sigProxy, Note: c.note}
	if slices.Contains(config.Attached, "stdin") && config.Interactive {
		o.Stdin = c.stdin
	}
	if slices.Contains(config.Attached, "stdout") {
		o.Stdout = c.stdout
	}
	if slices.Contains(config.Attached, "stderr") {
		o.Stderr = c.stderr
	}
	return o
}

// begin starts a container, and is attached to it to its end, or only until it runs.
func (c *call) begin(e *engine.Engine, r record.Record, config container.Config, o attach.Options, detached bool) error {
	conn, err := e.Supervise(r)
	if err != nil {
		return failure{125, err, ""}
	}
	if detached {
		err = attach.Start(conn, c.note)
		if f, failed := errors.AsType[attach.Failed](err); failed {
			return failure{f.Code, f, "Run 'drydock run --help' for more information"}
		}
		return err
	}
	o.Start = true
	end, err := attach.Run(conn, o)
	switch {
	case errors.Is(err, attach.ErrLost):
		return failure{137, err, ""}
	case err != nil:
		return err
	case end.Failure != "":
		return failure{end.Code, errors.New(end.Failure), "Run 'drydock run --help' for more information"}
	case end.Detached:
		if config.TTY {
			fmt.Fprintln(c.stdout)
		}
		return nil
	case end.Code != 0:
		return status(end.Code)
	}
	return nil
}
