package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/opencontainers/go-digest"

	"drydock/final/images"
	"drydock/final/transfer/progress"
	"drydock/final/transfer/pull"
	"drydock/internal/flags"
	"drydock/stage4-images/layer"
)

const pullHelp = `Usage: drydock pull [FLAG…] NAME[:TAG|@DIGEST]

Download an image from a registry.

`

func pullImages(c call) error {
	var all, quiet bool
	var o pull.Options
	rest, err := flags.Arguments([]flags.Flag{
		{Name: "all-tags", Short: "a", Value: flags.Bool{To: &all}, Usage: "download all tagged images in the repository"},
		{Name: "platform", Value: flags.String{To: &o.Platform}, Usage: "download for `PLATFORM`, such as linux/arm64"},
		{Name: "quiet", Short: "q", Value: flags.Bool{To: &quiet}, Usage: "print only the name"},
	}, c.args, 1, 1, pullHelp, c.stdout)
	if err != nil {
		return err
	}
	name, err := images.Parse(rest[0])
	switch {
	case err != nil:
		return err
	case all && (name.Tag != "" || name.Digest != ""):
		return errors.New("tag can't be used with --all-tags/-a")
	case !all && !quiet && name.Tag == "" && name.Digest == "":
		fmt.Fprintln(c.stdout, "Using default tag:", name.WithDefaultTag().Tag)
	}
	if o.Registry, err = c.registries(); err != nil {
		return err
	}
	if o.Store, err = c.open(); err != nil {
		return err
	}
	o.Mirrors, o.Apply, o.Display = c.mirrors, apply, display(c.stdout, quiet)
	if all {
		err = o.Repository(c.ctx, name)
	} else {
		name = name.WithDefaultTag()
		err = o.Image(c.ctx, name)
	}
	if err == nil {
		fmt.Fprintln(c.stdout, name)
	}
	return err
}

// apply is how layers are unpacked.
func apply(blob io.Reader, dir string) (digest.Digest, error) {
	return layer.Apply(blob, dir, layer.Usual)
}

// display is where progress is shown: nowhere if it is to be quiet.
func display(w io.Writer, quiet bool) *progress.Display {
	if quiet {
		w = io.Discard
	}
	return progress.New(w)
}
