package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/docker/go-units"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/internal/record"
)

const psHelp = `Usage: stage3 ps [FLAG…]

List containers.

`

// listContainers prints the table that docker ps prints, without the columns for what
// comes later.
func listContainers(c cli.Call) (int, error) {
	var all, quiet, whole bool
	table := []flags.Flag{
		{Name: "all", Short: "a", Value: flags.Bool{To: &all}, Usage: "also those that do not run"},
		{Name: "quiet", Short: "q", Value: flags.Bool{To: &quiet}, Usage: "ids only"},
		{Name: "no-trunc", Value: flags.Bool{To: &whole}, Usage: "whole ids and commands"},
	}
	if _, err := flags.Arguments(table, c.Args, 0, 0, psHelp, c.Stdout); err != nil {
		return 125, err
	}
	store, err := record.Open(c.Root, "stage3")
	if err != nil {
		return 125, err
	}
	records, err := store.List()
	if err != nil {
		return 125, err
	}
	out := tabwriter.NewWriter(c.Stdout, 10, 1, 3, ' ', 0)
	if !quiet {
		fmt.Fprintln(out, "CONTAINER ID\tCOMMAND\tCREATED\tSTATUS\tNAMES")
	}
	for _, r := range records {
		if !all && !r.IsRunning() {
			continue
		}
		id, command := r.ID, strings.Join(r.Args, " ")
		if !whole {
			id, command = r.ShortID(), shorten(command)
		}
		if quiet {
			fmt.Fprintln(out, id)
			continue
		}
		fmt.Fprintf(out, "%s\t%q\t%s ago\t%s\t%s\n", id, command, units.HumanDuration(time.Since(r.Created)), status(r), r.Name)
	}
	return 0, out.Flush()
}

// status is a container's state as docker ps words it.
func status(r record.Record) string {
	switch r.State {
	case record.Created:
		return "Created"
	case record.Running: // or it has just ended, and nobody has noted that yet
		return "Up " + units.HumanDuration(time.Since(r.Started))
	}
	return fmt.Sprintf("Exited (%d) %s ago", r.ExitCode, units.HumanDuration(time.Since(r.Finished)))
}

// shorten cuts a command to Docker's 20 characters.
func shorten(command string) string {
	runes := []rune(command)
	if len(runes) <= 20 {
		return command
	}
	return string(runes[:19]) + "…"
}
