package cli

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/spf13/cobra"

	"drydock/final/container"
	"drydock/final/cp"
	"drydock/final/engine"
)

// A cpOptions is how files are copied.
type cpOptions struct{ archive, follow, quiet bool }

func cpCommand(c *call) *cobra.Command {
	var o cpOptions
	cmd := &cobra.Command{
		Use: "cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdrydock cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH", Short: "Copy files/folders between a container and the local filesystem", Args: exactly(2),
		RunE: func(_ *cobra.Command, args []string) error { return o.run(c, args[0], args[1]) },
	}
	cmd.Flags().BoolVarP(&o.archive, "archive", "a", false, "files in the container belong to its user")
	cmd.Flags().BoolVarP(&o.follow, "follow-link", "L", false, "copy what SRC_PATH leads to, if it is a link")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "do not show how it goes")
	return cmd
}

func (o cpOptions) run(c *call, source, destination string) error {
	from, to, err := cp.ParseBoth(source, destination)
	if err != nil {
		return err
	}
	inside, copyFiles := from, cp.FromContainer
	if to.Container != "" {
		inside, copyFiles = to, cp.ToContainer
	}
	e, r, err := c.find(inside.Container)
	if err != nil {
		return err
	}
	root, err := e.OpenRoot(r, false)
	if err != nil {
		return err
	}
	defer root.Close()
	at := cp.Container{Name: inside.Container, Root: root.File}
	config, err := container.Of(r)
	if err != nil {
		return err
	}
	if o.archive && config.User != "" && to.Container != "" {
		user, err := engine.FindUser(at.Root, config)
		if err != nil {
			return err
		}
		at.Owner = func(*tar.Header) (int, int) { return user.UID, user.GID }
	}
	options := cp.Options{FollowLink: o.follow, Stdin: c.stdin, Stdout: c.stdout}
	stop := o.progress(c, &options, from, to)
	result, err := copyFiles(at, from.Path, to.Path, options)
	stop()
	if err != nil {
		return err
	}
	action := "archive-path"
	if to.Container != "" {
		action = "extract-to-dir"
	}
	e.TellContainer(action, r, "path", inside.Path)
	if !o.quiet && isTerminal(c.stderr) && source != "-" && destination != "-" {
		fmt.Fprintln(c.stderr, result)
	}
	return nil
}

// progress shows how a copy goes, if there is somebody at a terminal to see it.
func (o cpOptions) progress(c *call, options *cp.Options, from, to cp.Arg) (stop func()) {
	if o.quiet || !isTerminal(c.stderr) || from.Path == "-" || to.Path == "-" {
		return func() {}
	}
	options.Travelled = new(atomic.Int64)
	header := cp.FromHeader
	if to.Container != "" {
		header = cp.ToHeader
	}
	return cp.Progress(c.stderr, header, options.Travelled)
}

func exportCommand(c *call) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "export [OPTIONS] CONTAINER", Short: "Export a container's filesystem as a tar archive", Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.export(args[0], output) },
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`")
	return cmd
}

func (c *call) export(ref, output string) (err error) {
	if output == "" && isTerminal(c.stdout) {
		return errors.New("cowardly refusing to save to a terminal: use the -o flag or redirect")
	}
	e, r, err := c.find(ref)
	if err != nil {
		return err
	}
	root, err := e.OpenRoot(r, true)
	if err != nil {
		return err
	}
	defer root.Close()
	if output == "" {
		out := bufio.NewWriterSize(c.stdout, 1<<20)
		err = errors.Join(cp.Export(out, root.File), out.Flush())
	} else {
		err = writeFile(output, func(file *os.File) error { return cp.Export(file, root.File) })
	}
	if err == nil {
		e.TellContainer("export", r)
	}
	return err
}

// writeFile has a file be there only when all of it is.
func writeFile(path string, write func(*os.File) error) error {
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("failed to export container: invalid output path: %w", err)
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".drydock-export-")
	if err != nil {
		return err
	}
	err = errors.Join(write(draft), draft.Chmod(0o600), draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(draft.Name()))
	}
	return err
}
