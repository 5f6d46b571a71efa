package cli

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"drydock/final/container/show"
	"drydock/final/top"
)

func portCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "port CONTAINER [PRIVATE_PORT[/PROTO]]", Short: "List port mappings or a specific mapping for the container", Args: between(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			e, r, err := c.find(args[0])
			if err != nil {
				return err
			}
			known, err := e.Describe(r)
			if err != nil {
				return err
			}
			lines, err := published(show.PortsOf(known), args)
			for _, line := range lines {
				fmt.Fprintln(c.stdout, line)
			}
			return err
		},
	}
}

// published are the lines for all ports that are published, or for one that is asked for.
func published(ports []show.Port, args []string) (lines []string, err error) {
	wanted := ""
	if len(args) > 1 {
		port, protocol, hasProtocol := strings.Cut(args[1], "/")
		if !hasProtocol || protocol == "" {
			protocol = "tcp"
		}
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return nil, fmt.Errorf("invalid port (%s): %w", port, err)
		}
		wanted = port + "/" + protocol
	}
	ports = slices.DeleteFunc(ports, func(p show.Port) bool { return p.IP == "" })
	slices.SortStableFunc(ports, func(a, b show.Port) int { // in the order of numbers: 80 before 443
		return cmp.Or(cmp.Compare(a.Private, b.Private), cmp.Compare(a.Type, b.Type))
	})
	for _, p := range ports {
		host, inside := net.JoinHostPort(p.IP, strconv.Itoa(int(p.Public))), fmt.Sprintf("%d/%s", p.Private, p.Type)
		switch wanted {
		case "":
			lines = append(lines, inside+" -> "+host)
		case inside:
			lines = append(lines, host)
		}
	}
	if wanted != "" && lines == nil {
		err = fmt.Errorf("No public port '%s' published for %s", args[1], args[0]) //nolint:staticcheck // Docker's words
	}
	return lines, err
}

func diffCommand(c *call) *cobra.Command {
	return &cobra.Command{
		Use: "diff CONTAINER", Short: "Inspect changes to files or directories on a container's filesystem", Args: exactly(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, r, err := c.find(args[0])
			if err != nil {
				return err
			}
			changes, err := e.Changes(r)
			for _, change := range changes {
				fmt.Fprintln(c.stdout, change)
			}
			return err
		},
	}
}

func topCommand(c *call) *cobra.Command {
	cmd := &cobra.Command{
		Use: "top CONTAINER [ps OPTIONS]", Short: "Display the running processes of a container", Args: atLeast(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, r, err := c.find(args[0])
			if err != nil {
				return err
			}
			pids, err := e.Processes(r)
			if err != nil {
				return err
			}
			table, err := top.List(pids, args[1:])
			if err != nil {
				return err
			}
			e.TellContainer("top", r)
			return table.Write(c.stdout)
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}
