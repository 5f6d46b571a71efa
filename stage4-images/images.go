package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/docker/go-units"
	"github.com/opencontainers/go-digest"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/stage4-images/archive"
	"drydock/stage4-images/image"
	"drydock/stage4-images/layer"
)

// The commands on images.
const (
	imagesHelp = "Usage: stage4 images\n\nList images.\n"
	importHelp = "Usage: stage4 import FILE|- NAME[:TAG]\n\nMake an image of a root directory in a tar file.\n"
	loadHelp   = "Usage: stage4 load [FILE]\n\nTake images from an OCI archive, or from standard input.\n"
	saveHelp   = "Usage: stage4 save FILE|- NAME…\n\nWrite images to an OCI archive.\n"
	fsckHelp   = "Usage: stage4 fsck\n\nRead all blobs and layers again, and tell what is not what its digest says.\n"
)

func listImages(c cli.Call) (int, error) {
	if _, err := flags.Arguments(nil, c.Args, 0, 0, imagesHelp, c.Stdout); err != nil {
		return 125, err
	}
	images, err := image.Open(c.Root)
	if err != nil {
		return 1, err
	}
	all, damaged := images.List()
	out := tabwriter.NewWriter(c.Stdout, 10, 1, 3, ' ', 0)
	fmt.Fprintln(out, "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE")
	for _, img := range all {
		for _, name := range append(img.Names, "<none>:<none>")[:max(1, len(img.Names))] {
			repository, tag := image.Split(name)
			created := "N/A"
			if img.Config.Created != nil {
				created = units.HumanDuration(time.Since(*img.Config.Created)) + " ago"
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", repository, tag, img.ShortID(), created, units.HumanSize(float64(size(img))))
		}
	}
	if err := errors.Join(out.Flush(), damaged); err != nil {
		return 1, err
	}
	return 0, nil
}

// size is what an image's layers take as they are stored.
func size(img image.Image) (bytes int64) {
	for _, blob := range img.Manifest.Layers {
		bytes += blob.Size
	}
	return bytes
}

func importImage(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 2, 2, importHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	if _, err := image.Normalize(rest[1]); err != nil {
		return 1, err
	}
	return withInput(c, rest[0], func(images *image.Store, in io.Reader) error {
		img, err := archive.Import(images, in, rest[1], recompress)
		if err == nil {
			fmt.Fprintln(c.Stdout, img.ID())
		}
		return err
	})
}

// recompress reads a tar file, compressed or not, writes it compressed as we do, and returns the
// digest of the tar file itself. What is no tar file is an error.
func recompress(r io.Reader, w io.Writer) (digest.Digest, error) {
	plain, err := layer.Open(r)
	if err != nil {
		return "", err
	}
	defer plain.Close()
	hash, out, end := digest.Canonical.Digester(), layer.Compress(w), zeros(0)
	copied := io.TeeReader(plain, io.MultiWriter(out, hash.Hash(), &end))
	for entries := tar.NewReader(copied); err == nil; {
		_, err = entries.Next()
	}
	if !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("it is no tar file: %w", err)
	}
	if end < 1024 {
		return "", errors.New("the tar file has no end: it was cut off")
	}
	_, err = io.Copy(io.Discard, copied) // what follows the end belongs to it
	return hash.Digest(), errors.Join(err, out.Close())
}

// zeros counts the zeros at the end of what is written to it. A tar file ends with 1024, or
// more.
type zeros int

// Write is part of io.Writer.
func (z *zeros) Write(p []byte) (int, error) {
	at := len(bytes.TrimRight(p, "\x00"))
	if at > 0 {
		*z = 0
	}
	*z += zeros(len(p) - at)
	return len(p), nil
}

func loadImages(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 0, 1, loadHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	return withInput(c, append(rest, "-")[0], func(images *image.Store, in io.Reader) error {
		loaded, err := archive.Load(images, in, apply)
		for _, img := range loaded {
			fmt.Fprintln(c.Stdout, "Loaded image:", strings.Join(append(img.Names, img.ID().String())[:1], ""))
		}
		return err
	})
}

// withInput opens the image store and a file, or standard input for "-".
func withInput(c cli.Call, file string, do func(*image.Store, io.Reader) error) (int, error) {
	in := c.Stdin
	if file != "-" {
		opened, err := os.Open(file)
		if err != nil {
			return 1, err
		}
		defer opened.Close()
		in = opened
	}
	images, err := image.Open(c.Root)
	if err == nil {
		err = do(images, in)
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

func saveImages(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 2, math.MaxInt, saveHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	images, err := image.Open(c.Root)
	if err != nil {
		return 1, err
	}
	if rest[0] == "-" {
		err = archive.Save(images, c.Stdout, rest[1:])
	} else {
		err = saveTo(images, rest[0], rest[1:])
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}

// saveTo writes an archive under another name first, so that half of one is never there. What
// is no file, such as a pipe, is written to as it is.
func saveTo(images *image.Store, file string, names []string) (err error) {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		out, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(archive.Save(images, out, names), out.Close())
	}
	draft, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(archive.Save(images, draft, names), draft.Sync(), draft.Close())
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return os.Rename(draft.Name(), file)
}

func check(c cli.Call) (int, error) {
	if _, err := flags.Arguments(nil, c.Args, 0, 0, fsckHelp, c.Stdout); err != nil {
		return 125, err
	}
	images, err := image.Open(c.Root)
	if err != nil {
		return 1, err
	}
	if err := errors.Join(images.Fsck(apply, diffID)...); err != nil {
		return 1, err
	}
	return 0, nil
}

// diffID is the digest of the tar file that a layer's directory makes.
func diffID(dir string) (digest.Digest, error) {
	hash := digest.Canonical.Digester()
	err := layer.Write(hash.Hash(), dir)
	return hash.Digest(), err
}
