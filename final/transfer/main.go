// Drydock-transfer brings images in and takes them out: it is what drydock runs for these
// commands, with the same arguments. A client of registries makes a program large and slow to
// start, and those that start containers are to be neither.
//
//	drydock-transfer [--root DIR] [--insecure-registry HOST]… [--registry-mirror URL]… COMMAND
//
//	pull [-a] [-q] [--platform PLATFORM] NAME[:TAG|@DIGEST]
//	push [-a] [-q] NAME[:TAG]
//	load [-i FILE] [-q] [--platform PLATFORM]
//	save [-o FILE] IMAGE…
//	login [-u USER] [-p PASSWORD|--password-stdin] [SERVER]
//	logout [SERVER]
//
// In Docker, insecure registries and mirrors are flags of the daemon.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/google/go-containerregistry/pkg/authn"

	"drydock/final/format"
	"drydock/final/transfer/login"
	"drydock/final/transfer/registry"
	"drydock/final/transfer/wire"
	"drydock/internal/defaults"
	"drydock/internal/flags"
	"drydock/stage4-images/image"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const help = `Usage: drydock-transfer [FLAG…] COMMAND

Bring images in and take them out.

  pull    download an image from a registry
  push    upload an image to a registry
  load    take images from a tar file
  save    write images to a tar file
  login   log in to a registry
  logout  log out from a registry

Run 'drydock-transfer COMMAND --help' for more.

`

// A call is one command as it was typed, and its surroundings.
type call struct {
	ctx            context.Context // ends when we are told to stop
	root           string          // the state root
	insecure       []string
	mirrors        []string
	args           []string // behind the command's name
	stdin          io.Reader
	stdout, stderr io.Writer
}

// run does what args say and returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	commands := map[string]func(call) error{
		"pull": pullImages, "push": pushImages, "load": loadImages, "save": saveImages, "login": logIn, "logout": logOut,
	}
	c := call{root: defaults.StateRoot(), stdin: stdin, stdout: stdout, stderr: stderr}
	table := []flags.Flag{
		{Name: "root", Value: flags.String{To: &c.root}, Usage: "keep the state in `DIR`"},
		{Name: "insecure-registry", Value: wire.Insecure{To: &c.insecure}, Usage: "speak to `HOST` without TLS if need be"},
		{Name: "registry-mirror", Value: flags.List{To: &c.mirrors}, Usage: "ask `URL` for Docker Hub's images first"},
	}
	args, err := flags.Parse(table, args)
	if errors.Is(err, flags.ErrHelp) || err == nil && (len(args) == 0 || args[0] == "help") {
		fmt.Fprint(stdout, help)
		flags.Help(stdout, table)
		return 0
	}
	if err == nil {
		command, isKnown := commands[args[0]]
		if !isKnown {
			fmt.Fprintf(stderr, "drydock: '%s' is not a drydock-transfer command: see 'drydock-transfer --help'\n", args[0])
			return 1
		}
		c.args = args[1:]
		err = c.untilSignal(command)
	}
	var stopped stoppedError
	switch {
	case errors.Is(err, flags.ErrHelp):
		return 0
	case errors.As(err, &stopped):
		return 128 + int(stopped.signal)
	case err != nil:
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(stderr, "drydock:", format.Escaped(line)) // a registry may have worded it
		}
		return 1
	}
	return 0
}

// A stoppedError is the end by a signal.
type stoppedError struct{ signal unix.Signal }

func (s stoppedError) Error() string { return s.signal.String() }

// untilSignal runs a command, which is told to stop by the first SIGINT or SIGTERM. A second
// one ends us at once.
func (c call) untilSignal(command func(call) error) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	c.ctx = ctx
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if number, isNumber := s.(unix.Signal); isNumber {
				cancel(stoppedError{number})
			}
		case <-ctx.Done():
		}
	}()
	err := command(c)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx) // whatever has failed because of it
	}
	return err
}

// registries are how registries are reached, with what the user has logged in with. If the helper
// that keeps that cannot tell, we are nobody in particular, as with Docker: most images are for all.
func (c call) registries() (registry.Options, error) {
	config, err := login.Read(login.Default())
	return registry.Options{
		Wire: wire.Options{Insecure: c.insecure, Certs: "/etc/docker/certs.d"},
		Login: func(registry string) (authn.AuthConfig, error) {
			stored, err := config.Get(login.Server(registry))
			if broken, isBroken := errors.AsType[login.HelperError](err); isBroken {
				fmt.Fprintln(c.stderr, "drydock: warning: going on without a password:", format.Escaped(broken.Error()))
				return authn.AuthConfig{}, nil
			}
			return stored, err
		},
	}, err
}

// open opens the image store.
func (c call) open() (*image.Store, error) { return image.Open(c.root) }
