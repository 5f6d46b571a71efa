package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"text/tabwriter"
	"time"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/internal/record"
	"drydock/stage5-volumes/volume"
)

// The commands on volumes.
const (
	volumeHelp = `Usage: stage5 volume COMMAND

  create   make a volume
  inspect  show what is known of volumes
  ls       list volumes
  rm       remove volumes

Run 'stage5 volume COMMAND --help' for more.
`
	createHelp  = "Usage: stage5 volume create [NAME]\n\nMake a volume. One that is there already is left as it is.\n"
	inspectHelp = "Usage: stage5 volume inspect NAME…\n\nShow what is known of volumes, as JSON.\n"
	lsHelp      = "Usage: stage5 volume ls [FLAG…]\n\nList volumes.\n\n"
	volumeRm    = "Usage: stage5 volume rm [FLAG…] NAME…\n\nRemove volumes with all that is in them. One that a container has is not removed.\n\n"
)

func manageVolumes(c cli.Call) (int, error) {
	commands := map[string]func(cli.Call, *volume.Store) (int, error){
		"create": createVolume, "inspect": inspectVolumes, "ls": listVolumes, "rm": removeVolumes,
	}
	rest, err := flags.Arguments(nil, c.Args, 1, math.MaxInt, volumeHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	command, known := commands[rest[0]]
	if !known {
		return 125, fmt.Errorf("'%s' is not a command of stage5 volume: see 'stage5 volume --help'", rest[0])
	}
	store, err := record.Open(c.Root, "stage5")
	if err != nil {
		return 125, err
	}
	volumes, err := volume.Open(c.Root, store.List)
	if err != nil {
		return 125, err
	}
	c.Args = rest[1:]
	return command(c, volumes)
}

func createVolume(c cli.Call, volumes *volume.Store) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 0, 1, createHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	v := volume.Volume{Name: record.NewID(), Anonymous: true}
	if len(rest) == 1 {
		v = volume.Volume{Name: rest[0]}
	}
	if err := volumes.Create(v); err != nil {
		return 1, err
	}
	fmt.Fprintln(c.Stdout, v.Name)
	return 0, nil
}

// A description is a volume as docker volume inspect shows it. Options and other drivers are
// for later.
type description struct {
	CreatedAt  string
	Driver     string
	Labels     map[string]string
	Mountpoint string
	Name       string
	Options    map[string]string
	Scope      string
}

func inspectVolumes(c cli.Call, volumes *volume.Store) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 1, math.MaxInt, inspectHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	found, failed := []description{}, []error(nil)
	for _, name := range rest {
		v, err := volumes.Find(name)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		d := description{CreatedAt: v.CreatedAt.Format(time.RFC3339), Driver: "local", Mountpoint: volumes.Data(name), Name: name, Scope: "local"}
		if v.Anonymous {
			d.Labels = map[string]string{"com.docker.volume.anonymous": ""}
		}
		found = append(found, d)
	}
	text, err := json.MarshalIndent(found, "", "    ")
	fmt.Fprintln(c.Stdout, string(text))
	if err := errors.Join(append(failed, err)...); err != nil {
		return 1, err
	}
	return 0, nil
}

func listVolumes(c cli.Call, volumes *volume.Store) (int, error) {
	var quiet bool
	table := []flags.Flag{{Name: "quiet", Short: "q", Value: flags.Bool{To: &quiet}, Usage: "names only"}}
	if _, err := flags.Arguments(table, c.Args, 0, 0, lsHelp, c.Stdout); err != nil {
		return 125, err
	}
	all, err := volumes.List()
	out := tabwriter.NewWriter(c.Stdout, 10, 1, 3, ' ', 0)
	if !quiet {
		fmt.Fprintln(out, "DRIVER\tVOLUME NAME")
	}
	for _, v := range all {
		if quiet {
			fmt.Fprintln(out, v.Name)
		} else {
			fmt.Fprintf(out, "local\t%s\n", v.Name)
		}
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return 1, err
	}
	return 0, nil
}

func removeVolumes(c cli.Call, volumes *volume.Store) (int, error) {
	var force bool
	table := []flags.Flag{{Name: "force", Short: "f", Value: flags.Bool{To: &force}, Usage: "take it for removed if there is none"}}
	names, err := flags.Arguments(table, c.Args, 1, math.MaxInt, volumeRm, c.Stdout)
	if err != nil {
		return 125, err
	}
	return c.Each(names, func(name string) error {
		if _, err := volumes.Find(name); force && errors.Is(err, volume.ErrNone) {
			return nil
		}
		return volumes.Remove(name)
	})
}
