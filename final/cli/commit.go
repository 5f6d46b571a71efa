package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/engine"
	"drydock/final/images"
)

func commitCommand(c *call) *cobra.Command {
	var how engine.Commit
	cmd := &cobra.Command{Use: "commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]", Short: "Create a new image from a container's changes", Args: between(1, 2)}
	cmd.RunE = func(_ *cobra.Command, args []string) (err error) {
		if len(args) > 1 {
			if how.Name, err = newName(args[1]); err != nil {
				return err
			}
		}
		e, r, err := c.find(args[0])
		if err != nil {
			return err
		}
		id, err := e.Commit(r, how)
		if err == nil {
			fmt.Fprintln(c.stdout, id)
		}
		return err
	}
	cmd.Flags().StringVarP(&how.Author, "author", "a", "", "who has made it: `AUTHOR`, such as Ann <ann@example.com>")
	cmd.Flags().StringArrayVarP(&how.Changes, "change", "c", nil, "apply an `INSTRUCTION` of a Dockerfile: CMD, ENV, …")
	cmd.Flags().StringVarP(&how.Message, "message", "m", "", "a `COMMENT`")
	cmd.Flags().BoolVarP(&how.Pause, "pause", "p", true, "have the container stand still meanwhile")
	return cmd
}

// newName is the name of a new image as the store has it.
func newName(text string) (string, error) {
	name, err := images.Parse(text)
	switch {
	case err != nil:
		return "", err
	case name.Digest != "":
		return "", errors.New("refusing to create a tag with a digest reference")
	}
	return name.WithDefaultTag().Stored()
}

func importCommand(c *call) *cobra.Command {
	var how engine.Import
	cmd := &cobra.Command{
		Use: "import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]", Short: "Import the contents from a tarball to create a filesystem image", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error { return c.importImage(args, how) },
	}
	cmd.Flags().StringArrayVarP(&how.Changes, "change", "c", nil, "apply an `INSTRUCTION` of a Dockerfile: CMD, ENV, …")
	cmd.Flags().StringVarP(&how.Message, "message", "m", "", "a `COMMENT`")
	cmd.Flags().StringVar(&how.Platform, "platform", "", "it is for this `PLATFORM`, such as linux/arm64")
	return cmd
}

func (c *call) importImage(args []string, how engine.Import) (err error) {
	if len(args) > 1 {
		if how.Name, err = newName(args[1]); err != nil {
			return err
		}
	}
	in := c.stdin
	switch source := args[0]; {
	case strings.HasPrefix(source, "http://"), strings.HasPrefix(source, "https://"):
		return fmt.Errorf("import %s: files of other machines are not fetched: curl -L %[1]s | drydock import -", source)
	case source != "-":
		file, err := os.Open(source)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	how.From = "-" // Docker's command line passes files on, too
	e, err := c.engine()
	if err != nil {
		return err
	}
	id, err := e.Import(in, how)
	if err == nil {
		fmt.Fprintln(c.stdout, id)
	}
	return err
}
