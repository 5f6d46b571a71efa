package cli

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"drydock/final/container/show"
	"drydock/final/disk"
	"drydock/final/images/catalog"
	"drydock/final/mounts/volumes"
	"drydock/final/networks"
)

func dfCommand(c *call) *cobra.Command {
	var text string
	var verbose bool
	cmd := &cobra.Command{Use: "df [OPTIONS]", Short: "Show disk usage", Args: exactly(0)}
	cmd.RunE = func(*cobra.Command, []string) error { return c.df(text, verbose) }
	cmd.Flags().StringVar(&text, "format", "", "a `TEMPLATE`, json, or table TEMPLATE")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "each image, container and volume")
	return cmd
}

func (c *call) df(text string, verbose bool) error {
	list, err := disk.Format(text)
	if err != nil {
		return err
	}
	report, names, err := c.report()
	if err != nil {
		return err
	}
	switch {
	case !verbose:
		err = report.Write(c.stdout, list)
	case text == "" || text == "table":
		err = report.WriteDetails(c.stdout, names)
	default:
		err = c.oneObject(text, report.Details(names))
	}
	return errors.Join(err, report.Damaged)
}

// report measures what there is.
func (c *call) report() (r disk.Report, names show.Listing, err error) {
	e, err := c.engine()
	if err != nil {
		return r, names, err
	}
	users, err := e.ImageUsers()
	if err != nil {
		return r, names, err
	}
	now := time.Now()
	if err := r.AddImages(e.Images, users, now); err != nil {
		return r, names, err
	}
	if r.Containers, err = e.Known(); err != nil {
		return r, names, err
	}
	for i := range r.Containers {
		size, err := e.Size(r.Containers[i].Config)
		r.Containers[i].Size.Own, r.Damaged = size.Own, errors.Join(r.Damaged, err)
	}
	records, err := e.Containers.List()
	if err != nil {
		return r, names, err
	}
	r.Volumes, err = volumes.Usages(e.Volumes, records)
	r.Damaged = errors.Join(r.Damaged, err)
	names = show.Listing{Now: now}
	names.Images, _ = catalog.Read(e.Images) // the report has said which are damaged
	names.Networks, err = networks.List(e.Root)
	return r, names, err
}
