package cli

import (
	"time"

	"github.com/spf13/cobra"

	"drydock/final/format"
	"drydock/final/system"
)

func versionCommand(c *call) *cobra.Command {
	var text string
	cmd := &cobra.Command{Use: "version [OPTIONS]", Short: "Show the version information", Args: exactly(0)}
	cmd.RunE = func(*cobra.Command, []string) error {
		version := system.ThisVersion()
		if text == "" {
			return version.Write(c.stdout)
		}
		return c.oneObject(text, version)
	}
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	return cmd
}

func infoCommand(c *call) *cobra.Command {
	var text string
	cmd := &cobra.Command{Use: "info [OPTIONS]", Short: "Display system-wide information", Args: exactly(0)}
	cmd.RunE = func(*cobra.Command, []string) error {
		info, err := c.info()
		if err != nil {
			return err
		}
		if text != "" {
			return c.oneObject(text, info)
		}
		if err := info.Write(c.stdout); err != nil {
			return err
		}
		for _, warning := range info.Warnings {
			c.warn(warning)
		}
		return nil
	}
	cmd.Flags().StringVarP(&text, "format", "f", "", "a `TEMPLATE`, or json")
	return cmd
}

// info asks the state root and the host.
func (c *call) info() (i system.Info, err error) {
	e, err := c.engine()
	if err != nil {
		return i, err
	}
	s := system.State{Root: e.Root, Config: e.Config}
	if s.Driver, err = e.Driver(); err != nil {
		return i, err
	}
	all, err := e.Known()
	if err != nil {
		return i, err
	}
	for _, one := range all {
		switch one.Status {
		case "running", "restarting":
			s.Running++
		case "paused":
			s.Paused++
		default:
			s.Others++
		}
	}
	images, _ := e.Images.List() // those that can be read are there
	ids := map[string]bool{}
	for _, img := range images {
		ids[img.ID().String()] = true
	}
	s.Images = len(ids)
	return system.About(s, time.Now().UTC().Format(time.RFC3339Nano))
}

// oneObject shows an object by a template, or as JSON.
func (c *call) oneObject(text string, object any) error {
	if text == "json" {
		text = "{{json .}}"
	}
	how, err := format.ParseObjects(text)
	if err != nil {
		return failure{64, err, ""}
	}
	return how.Write(c.stdout, []any{object})
}
