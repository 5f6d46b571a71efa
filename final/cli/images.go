package cli

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/filter"
	"drydock/final/format"
	"drydock/final/images/catalog"
	"drydock/final/images/remove"
	"drydock/final/images/show"
	"drydock/final/images/size"
)

func imagesCommand(c *call) *cobra.Command {
	return imageList(c, "images [OPTIONS] [REPOSITORY[:TAG]]")
}

func imageLsCommand(c *call) *cobra.Command {
	cmd := imageList(c, "ls [OPTIONS] [REPOSITORY[:TAG]]")
	cmd.Aliases = []string{"list"}
	return cmd
}

func imageList(c *call, use string) *cobra.Command {
	var l show.Listing
	var filters []string
	var text string
	var quiet bool
	cmd := &cobra.Command{Use: use, Short: "List images", Args: atMost(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) (err error) {
		if l.Filters, err = filter.Parse(filters, show.ListFilters...); err != nil {
			return err
		}
		if len(args) > 0 {
			l.Name = args[0]
		}
		listing, list, err := l.As(text, quiet)
		if err != nil {
			return err
		}
		return c.listImages(listing, list)
	}
	cmd.Flags().BoolVarP(&l.All, "all", "a", false, "those without a tag too")
	cmd.Flags().BoolVar(&l.Digests, "digests", false, "show digests")
	cmd.Flags().StringArrayVarP(&filters, "filter", "f", nil, "only those of which `NAME=VALUE` is true")
	cmd.Flags().StringVar(&text, "format", "", "a `TEMPLATE`, json, or table TEMPLATE")
	cmd.Flags().BoolVar(&l.Whole, "no-trunc", false, "whole ids")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "only ids")
	return cmd
}

func (c *call) listImages(l show.Listing, list format.List) error {
	e, err := c.engine()
	if err != nil {
		return err
	}
	if l.Users, err = e.ImageUsers(); err != nil {
		return err
	}
	l.Now = time.Now()
	all, damaged := catalog.Read(e.Images)
	rows, err := show.List(e.Images, all, l)
	if rows == nil && err != nil {
		return err
	}
	return errors.Join(format.Write(c.stdout, list, show.RowHeader, rows), err, damaged)
}

func historyCommand(c *call) *cobra.Command {
	var text string
	var human, whole, quiet bool
	cmd := &cobra.Command{Use: "history [OPTIONS] IMAGE", Short: "Show the history of an image", Args: exactly(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		columns := show.Steps
		if !human {
			columns = show.ExactSteps
		}
		list, err := format.Parse(text, columns, quiet)
		if err != nil {
			return err
		}
		e, err := c.engine()
		if err != nil {
			return err
		}
		all, damaged := catalog.Read(e.Images)
		img, err := all.Find(args[0], damaged)
		if err != nil {
			return err
		}
		sizes, err := size.Of(e.Images, img.Image)
		if err != nil {
			return err
		}
		steps, err := show.History(img, sizes, show.Telling{Exact: !human, Whole: whole, Now: time.Now()})
		if err != nil {
			return err
		}
		return format.Write(c.stdout, list, show.StepHeader, steps)
	}
	cmd.Flags().StringVar(&text, "format", "", "a `TEMPLATE`, json, or table TEMPLATE")
	cmd.Flags().BoolVarP(&human, "human", "H", true, "sizes and dates for people")
	cmd.Flags().BoolVar(&whole, "no-trunc", false, "whole ids and commands")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "only ids")
	return cmd
}

func tagCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", Short: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE", Args: exactly(2),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := c.engine()
			if err != nil {
				return err
			}
			if err := catalog.Tag(e.Images, args[0], args[1]); err != nil {
				return err
			}
			all, damaged := catalog.Read(e.Images)
			if img, err := all.Find(args[1], damaged); err == nil {
				e.Tell("image", "tag", img.ID().String(), map[string]string{"name": img.FoundBy})
			}
			return nil
		},
	}
}

func rmiCommand(c *call) *cobra.Command { return imageRemoval(c, "rmi [OPTIONS] IMAGE [IMAGE...]") }

func imageRmCommand(c *call) *cobra.Command {
	cmd := imageRemoval(c, "rm [OPTIONS] IMAGE [IMAGE...]")
	cmd.Aliases = []string{"remove"}
	return cmd
}

func imageRemoval(c *call, use string) *cobra.Command {
	var force, noPrune bool
	cmd := &cobra.Command{Use: use, Short: "Remove one or more images", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		var failed []error
		for _, ref := range args {
			err := c.removeImage(ref, force)
			if errors.As(err, new(catalog.NotFound)) && force {
				fmt.Fprintln(c.stderr, "drydock:", err)
				continue
			}
			failed = append(failed, err)
		}
		return errors.Join(failed...)
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "also if it has other names, or a container that has ended is of it")
	cmd.Flags().BoolVar(&noPrune, "no-prune", false, "leave what it was made from: that is no image here, and stays as little as without this")
	return cmd
}

func (c *call) removeImage(ref string, force bool) error {
	e, err := c.engine()
	if err != nil {
		return err
	}
	r, err := remove.Image(e.Images, ref, remove.Options{Force: force, Users: e.ImageUsers})
	for _, name := range r.Untagged {
		fmt.Fprintln(c.stdout, "Untagged:", name)
		e.Tell("image", "untag", name, map[string]string{"name": name})
	}
	for _, id := range r.Deleted {
		fmt.Fprintln(c.stdout, "Deleted:", id)
	}
	if len(r.Deleted) > 0 {
		e.Tell("image", "delete", r.Deleted[0].String(), map[string]string{"name": r.Deleted[0].String()})
	}
	return err
}

func imagePruneCommand(c *call) *cobra.Command {
	var p remove.Pruning
	var force bool
	var filters []string
	cmd := &cobra.Command{Use: "prune [OPTIONS]", Short: "Remove unused images", Args: exactly(0)}
	cmd.RunE = func(_ *cobra.Command, _ []string) (err error) {
		if p.Filters, err = filter.Parse(filters, remove.PruneFilters...); err != nil {
			return err
		}
		question := "WARNING! This will remove all dangling images."
		if p.All {
			question = "WARNING! This will remove all images without at least one container associated to them."
		}
		if !force && !c.agrees(question) {
			return nil
		}
		return c.reclaimed(c.pruneImages(p))
	}
	cmd.Flags().BoolVarP(&p.All, "all", "a", false, "all that no container uses, not only those without a tag")
	cmd.Flags().StringArrayVar(&filters, "filter", nil, "only those of which `NAME=VALUE` is true: until, label")
	cmd.Flags().BoolVarP(&force, "force", "f", false, "do not ask")
	return cmd
}

// pruneImages removes images that nobody uses, tells which, and returns how much room that has made.
func (c *call) pruneImages(p remove.Pruning) (freed int64, err error) {
	e, err := c.engine()
	if err != nil {
		return 0, err
	}
	p.Users, p.Now = e.ImageUsers, time.Now()
	r, err := remove.Prune(e.Images, p)
	if len(r.Untagged)+len(r.Deleted) > 0 {
		fmt.Fprintln(c.stdout, "Deleted Images:")
		for _, name := range r.Untagged {
			fmt.Fprintln(c.stdout, "untagged:", name)
			e.Tell("image", "untag", name, map[string]string{"name": name})
		}
		for _, id := range r.Deleted {
			fmt.Fprintln(c.stdout, "deleted:", id)
		}
		fmt.Fprintln(c.stdout)
	}
	e.Tell("image", "prune", "", map[string]string{"reclaimed": strconv.FormatInt(r.Freed, 10)})
	return r.Freed, err
}

func imageInspectCommand(c *call) *cobra.Command {
	var text string
	cmd := &cobra.Command{Use: "inspect [OPTIONS] IMAGE [IMAGE...]", Short: "Display detailed information on one or more images", Args: atLeast(1)}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		return c.inspect(text, args, c.inspectImage)
	}
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	return cmd
}

func (c *call) inspectImage(ref string) (any, error) {
	e, err := c.engine()
	if err != nil {
		return nil, err
	}
	all, damaged := catalog.Read(e.Images)
	img, err := all.Find(ref, damaged)
	if err != nil {
		return nil, err
	}
	return show.Inspect(e.Images, img)
}

// inspect shows objects, each found by what a user calls it, as a template says.
func (c *call) inspect(text string, refs []string, find func(ref string) (any, error)) error {
	how, err := format.ParseObjects(text)
	if err != nil {
		return failure{64, err, ""}
	}
	var objects []any
	for _, ref := range refs {
		object, failed := find(ref)
		if failed == nil {
			objects = append(objects, object)
		}
		err = errors.Join(err, failed)
	}
	return errors.Join(how.Write(c.stdout, objects), err)
}
