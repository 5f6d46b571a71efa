package main

import (
	"fmt"

	"drydock/internal/cli"
	"drydock/internal/flags"
	"drydock/stage6-network/port"
)

const portHelp = `Usage: stage7 port CONTAINER [PORT[/PROTOCOL]]

List what a container has published, or where one of its ports is.
`

func showPorts(c cli.Call) (int, error) {
	rest, err := flags.Arguments(nil, c.Args, 1, 2, portHelp, c.Stdout)
	if err != nil {
		return 125, err
	}
	_, r, err := find(c, rest[0])
	if err != nil {
		return 1, err
	}
	var config Config
	if err := r.Get("config", &config); err != nil {
		return 1, err
	}
	if !r.IsRunning() {
		config.Ports = nil
	}
	if len(rest) == 1 {
		for _, m := range port.Sorted(config.Ports) {
			fmt.Fprintln(c.Stdout, m)
		}
		return 0, nil
	}
	found, err := port.Find(config.Ports, rest[1])
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no public port '%s' published for %s", rest[1], rest[0])
	}
	if err != nil {
		return 1, err
	}
	for _, m := range found {
		fmt.Fprintln(c.Stdout, m.Host)
	}
	return 0, nil
}
