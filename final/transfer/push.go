package main

import (
	"errors"
	"fmt"

	"drydock/final/images"
	"drydock/final/transfer/push"
	"drydock/internal/flags"
)

const pushHelp = `Usage: drydock push [FLAG…] NAME[:TAG]

Upload an image to a registry.

`

func pushImages(c call) error {
	var all, quiet bool
	rest, err := flags.Arguments([]flags.Flag{
		{Name: "all-tags", Short: "a", Value: flags.Bool{To: &all}, Usage: "push all tags of an image to the repository"},
		{Name: "quiet", Short: "q", Value: flags.Bool{To: &quiet}, Usage: "print only the name"},
	}, c.args, 1, 1, pushHelp, c.stdout)
	if err != nil {
		return err
	}
	name, err := images.Parse(rest[0])
	switch {
	case err != nil:
		return err
	case name.Digest != "":
		return errors.New("cannot push a digest reference")
	case all && name.Tag != "":
		return errors.New("tag can't be used with --all-tags/-a")
	case !all && !quiet && name.Tag == "":
		fmt.Fprintln(c.stdout, "Using default tag:", name.WithDefaultTag().Tag)
	}
	o := push.Options{Display: display(c.stdout, quiet)}
	if o.Registry, err = c.registries(); err != nil {
		return err
	}
	if o.Store, err = c.open(); err != nil {
		return err
	}
	if all {
		err = o.Repository(c.ctx, name)
	} else {
		name = name.WithDefaultTag()
		err = o.Image(c.ctx, name)
	}
	if err == nil && quiet {
		fmt.Fprintln(c.stdout, name)
	}
	return err
}
