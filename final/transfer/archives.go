package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"

	"drydock/final/transfer/dockerarchive"
	"drydock/final/transfer/prompt"
	"drydock/internal/flags"
	"drydock/stage4-images/image"
)

// The commands on archives.
const (
	loadHelp = "Usage: drydock load [FLAG…]\n\nTake images from a tar file, of docker save or an OCI archive, or from standard input.\n\n"
	saveHelp = "Usage: drydock save [FLAG…] IMAGE…\n\nWrite images to a tar file, or to standard output.\n\n"
)

func loadImages(c call) error {
	var file string
	var quiet bool
	o := dockerarchive.Options{Apply: c.apply}
	if _, err := flags.Arguments([]flags.Flag{
		{Name: "input", Short: "i", Value: flags.String{To: &file}, Usage: "read from `FILE` instead of standard input"},
		{Name: "platform", Value: flags.String{To: &o.Platform}, Usage: "take the images for `PLATFORM`, such as linux/arm64"},
		{Name: "quiet", Short: "q", Value: flags.Bool{To: &quiet}, Usage: "show no progress"},
	}, c.args, 0, 0, loadHelp, c.stdout); err != nil {
		return err
	}
	in, size, err := c.input(file)
	if err != nil {
		return err
	}
	defer in.Close()
	images, err := c.open()
	if err != nil {
		return err
	}
	shown := display(c.stdout, quiet).Row("Archive").Reader(interruptible(c.ctx, in), "Loading", size)
	loaded, err := dockerarchive.Load(images, shown, o)
	if err != nil {
		return err
	}
	for _, img := range loaded {
		if len(img.Names) > 0 {
			fmt.Fprintln(c.stdout, "Loaded image:", img.Names[0])
		} else {
			fmt.Fprintln(c.stdout, "Loaded image ID:", img.ID())
		}
	}
	return nil
}

// input opens a file, or standard input for "". The size is 0 if nobody knows it.
func (c call) input(file string) (in io.ReadCloser, size int64, err error) {
	if file == "" {
		if prompt.IsTerminal(c.stdin) {
			return nil, 0, errors.New("requested load from stdin, but stdin is empty: use -i FILE, or redirect it")
		}
		return io.NopCloser(c.stdin), 0, nil
	}
	opened, err := os.Open(file)
	if err != nil {
		return nil, 0, err
	}
	if info, err := opened.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	return opened, size, nil
}

// interruptible returns what reads from r until ctx ends, though a pipe from which nothing
// comes would be waited for.
func interruptible(ctx context.Context, r io.Reader) io.Reader {
	from, to := io.Pipe()
	go func() {
		_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{r}, make([]byte, 1<<18))
		to.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { from.CloseWithError(context.Cause(ctx)) })
	return from
}

// apply is apply, until we are told to stop.
func (c call) apply(blob io.Reader, dir string) (digest.Digest, error) {
	return apply(reading{c.ctx, blob}, dir)
}

// reading is a reader that ends when it is to.
type reading struct {
	ctx context.Context
	io.Reader
}

// Read is part of io.Reader.
func (r reading) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}

func saveImages(c call) error {
	var file string
	refs, err := flags.Arguments([]flags.Flag{
		{Name: "output", Short: "o", Value: flags.String{To: &file}, Usage: "write to `FILE` instead of standard output"},
	}, c.args, 1, 1<<20, saveHelp, c.stdout)
	if err != nil {
		return err
	}
	if file == "" && prompt.IsTerminal(c.stdout) {
		return errors.New("cowardly refusing to save to a terminal: use -o FILE, or redirect it")
	}
	images, err := c.open()
	if err != nil {
		return err
	}
	held, err := images.Hold()
	if err != nil {
		return err
	}
	defer held.Close()
	if file == "" {
		return dockerarchive.Save(images, stopping{c.ctx, c.stdout}, refs)
	}
	return saveTo(c.ctx, images, file, refs)
}

// saveTo writes an archive under another name first, so that half of one is never there. What
// is no file, such as a pipe, is written to as it is.
func saveTo(ctx context.Context, images *image.Store, file string, refs []string) error {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		out, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(dockerarchive.Save(images, stopping{ctx, out}, refs), out.Close())
	}
	draft, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("failed to save image: invalid output path: stat %s: no such file or directory", filepath.Dir(file))
	}
	if err != nil {
		return err
	}
	err = dockerarchive.Save(images, stopping{ctx, draft}, refs)
	if err == nil {
		err = draft.Sync() // or a power cut could leave an empty file under the name
	}
	if err = errors.Join(err, draft.Close()); err == nil {
		err = os.Rename(draft.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return nil
}

// stopping is a writer that ends when it is to.
type stopping struct {
	ctx context.Context
	io.Writer
}

// Write is part of io.Writer.
func (s stopping) Write(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.Writer.Write(p)
}
